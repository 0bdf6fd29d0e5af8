import logging

import pytest

from ganbal.runtime.console import Console, logger
from ganbal.runtime.locks import logger as lock_logger


def test_messages_go_to_stderr_and_to_the_log(tmp_path, capsys):
    console = Console()
    with console.log_to(tmp_path / "log.txt"):
        console.say("one")
        console.warn("two\nwarning: forged")
    console.say("after")
    output = capsys.readouterr()
    assert output.out == "" and output.err.splitlines() == ["one", "warning: two", "  warning: forged", "after"]
    log = (tmp_path / "log.txt").read_text().splitlines()
    assert log[0].endswith(" INFO one") and log[1].endswith(" WARNING two") and log[2] == "  warning: forged"
    assert len(log) == 3 and console.warnings == ["two\nwarning: forged"]


def test_quiet_consoles_still_warn(capsys):
    console = Console(quiet=True)
    console.say("one")
    with console.progress(10, "work", "step") as bar, console.stage("1/2 work"):
        bar.update(3)
    console.warn("two")
    assert capsys.readouterr().err == "warning: two\n"


def test_control_characters_reach_neither_terminal_nor_log(tmp_path, capsys):
    console = Console()
    with console.log_to(tmp_path / "log.txt"):
        console.say("a\x1b]0;title\x07.png")
    assert "\x1b" not in capsys.readouterr().err + (tmp_path / "log.txt").read_text()


@pytest.mark.parametrize(("verbose", "shown"), [(False, "warning: no locks\n"), (True, "warning: no locks\ndetail\n")])
def test_what_modules_log_is_shown(capsys, verbose, shown):
    with Console(verbose=verbose).show_log():
        lock_logger.warning("no locks")
        lock_logger.debug("detail")
    assert capsys.readouterr().err == shown
    assert logger.level == logging.NOTSET


def test_a_log_that_cannot_be_written_costs_one_warning(tmp_path, capsys):
    console = Console()
    with console.log_to(tmp_path):  # a folder
        console.say("one")
        console.say("two")
    errors = capsys.readouterr().err
    assert errors.count("cannot be written") == 1 and "one\n" in errors and "two\n" in errors


def test_a_stage_reports_how_long_it_took(capsys):
    with Console().stage("2/6 train-gan"):
        pass
    assert capsys.readouterr().err == "2/6 train-gan …\n2/6 train-gan … done in 0:00\n"
