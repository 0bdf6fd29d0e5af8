from ganbal.runtime.forecast import Forecast


def test_without_later_stages_only_the_stage_is_told():
    assert Forecast().text(10, 133) == "2:13 left"


def test_the_pace_of_a_stage_corrects_the_expectation_of_the_later_ones():
    forecast = Forecast()
    forecast.begin_stage(100, 50)
    assert forecast.command_left(1, 99) == 149  # too early to tell
    assert forecast.command_left(10, 190) == 190 + 2 * 50  # twice as slow as expected
    forecast.begin_stage(0, 40)
    assert forecast.command_left(10, 5) == 5 + 2 * 40  # this stage has no expectation, so the pace stays
    assert forecast.text(10, 5) == "0:05 left, whole run 1:25"
    forecast.begin_stage(60, 0)
    assert forecast.command_left(10, 50) is None
