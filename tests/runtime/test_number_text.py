import math

import pytest

from ganbal.runtime import number_text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (number_text.count(1341), "1,341"),
        (number_text.count(None), "–"),
        (number_text.share(0.79712), "0.797"),
        (number_text.share(math.nan), "–"),
        (number_text.mean_sd(0.7971, 0.0411), "0.797 ± 0.041"),
        (number_text.mean_sd(0.7971, None), "0.797"),
        (number_text.points(0.0184), "+1.8"),
        (number_text.points(-0.0184), "−1.8"),
        (number_text.points(-0.00001), "0.0"),
        (number_text.points_interval(-0.009, 0.045), "−0.9 to +4.5"),
        (number_text.points_interval(None, 0.045), "–"),
        (number_text.difference(0.0184), "+0.018"),
        (number_text.difference(-0.00001), "0.000"),
        (number_text.difference_interval(-0.009, 0.045), "−0.009 to +0.045"),
        (number_text.p_value(0.04172), "0.042"),
        (number_text.p_value(0.0004), "<0.001"),
        (number_text.p_value(None), "–"),
        (number_text.score(127.312), "127.3"),
        (number_text.score(0.00641), "0.00641"),
        (number_text.score(-0.00002), "−0.00002"),
        (number_text.score(12345.6), "12,346"),
        (number_text.score(1200.0), "1,200"),
        (number_text.score(0), "0"),
        (number_text.duration(42), "42 s"),
        (number_text.duration(800), "13 min"),
        (number_text.duration(7500), "2 h 5 min"),
        (number_text.listing(["a", "b", "c"]), "a, b and c"),
        (number_text.listing([]), ""),
        (number_text.of_hundred(0.4487), "45"),
        (number_text.of_hundred(None), "–"),
        (number_text.plural(1, "seed"), "1 seed"),
        (number_text.plural(1341, "image"), "1,341 images"),
    ],
)
def test_numbers_read_well(made, expected):
    assert made == expected
