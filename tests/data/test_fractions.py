from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganbal.data.fractions import table_with_fraction
from ganbal.data.image_table import ImageTable
from ganbal.errors import InputError


def table(images_of_patient=(3, 1, 2, 1, 5, 2, 1, 1, 3, 1), num_ill=30):
    """Class `well` with so many training images of each patient, every other class and split one a patient."""
    rows = [("well", "train", f"w{p}") for p, count in enumerate(images_of_patient) for _ in range(count)]
    rows += [("ill", "train", f"i{n}") for n in range(num_ill)]
    rows += [
        (name, split, f"{name}{split}{n}") for name in ("ill", "well") for split in ("val", "test") for n in (0, 1)
    ]
    names, splits, patients = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "file_name": [f"{n}.png" for n in range(len(rows))],
            "class_name": names,
            "label": [int(name == "well") for name in names],
            "split": splits,
            "patient": patients,
            "sha256": "0" * 64,
            "width_px": 10,
            "height_px": 8,
            "mode": "L",
            "split_found": splits,
        }
    )
    return ImageTable(Path("/somewhere"), "kaggle", False, ("ill", "well"), frame)


def test_whole_patients_of_the_minority_are_kept_until_there_are_enough():
    whole = table()
    for fraction in (0.2, 0.25, 0.5, 0.9):
        part = table_with_fraction(whole, fraction, seed=0)
        kept = part.rows("train", "well")
        patients = whole.frame["patient"].iloc[kept]
        per_patient = patients.value_counts()
        assert all(per_patient[p] == (whole.frame["patient"] == p).sum() for p in per_patient.index)
        # The last patient taken is what makes it enough.
        assert fraction * 20 <= len(kept) < fraction * 20 + per_patient.max()
        assert part.counts()["train"]["ill"] == 30 and part.counts()["val"] == whole.counts()["val"]
        assert part.counts()["test"] == whole.counts()["test"]
        assert part.counts()["unused"] == {"ill": 0, "well": 20 - len(kept)}
        assert part.digest() != whole.digest()


def test_smaller_shares_lie_inside_larger_ones_and_the_seed_decides():
    kept = [set(table_with_fraction(table(), f, seed=3).rows("train", "well")) for f in (0.2, 0.4, 0.6, 1.0)]
    assert kept[0] <= kept[1] < kept[2] < kept[3] and len(kept[3]) == 20
    again = set(table_with_fraction(table(), 0.4, seed=3).rows("train", "well"))
    others = [set(table_with_fraction(table(), 0.4, seed=s).rows("train", "well")) for s in range(8)]
    assert again == kept[1] and any(other != again for other in others)


def test_a_share_is_exact_where_patients_have_one_image_each():
    whole = table(images_of_patient=[1] * 50, num_ill=60)
    for fraction, count in ((0.1, 5), (0.14, 7), (0.25, 13), (0.7, 35)):
        assert len(table_with_fraction(whole, fraction, seed=1).rows("train", "well")) == count


def test_too_small_a_share_is_refused():
    with pytest.raises(InputError, match=r"A fraction of 0\.3 leaves 3 of 10 training images of well\. .* at least 4"):
        table_with_fraction(table(images_of_patient=[1] * 10), 0.3, seed=0)


def test_pixels_stay_where_they_are():
    part = table_with_fraction(table(), 0.5, seed=0)
    assert np.array_equal(part.frame.drop(columns="split"), table().frame.drop(columns="split"))
