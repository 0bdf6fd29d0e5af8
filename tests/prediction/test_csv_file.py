"""`--csv` never replaces an image."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.errors import InputError
from ganbal.prediction.csv_file import check_csv_file


def test_images_are_refused(pictures, tmp_path):
    (pictures / "IM0001").write_bytes(bytes(128) + b"DICM")
    (pictures / "scan").write_bytes((pictures / "dark.png").read_bytes())
    for name, images, message in (
        ("pictures/light.jpeg", [pictures], "has the suffix of an image, .jpeg"),
        ("new.NII.GZ", [pictures], "has the suffix of an image, .nii.gz"),
        ("pictures/scan", [pictures / "dark.png", pictures / "scan"], "is one of the images to predict"),
        ("pictures/IM0001", [pictures], "is a DICOM image"),
        ("pictures", [pictures], "is a folder"),
        ("pictures/dark.png/out.csv", [pictures], "is not a folder"),
    ):
        with pytest.raises(InputError, match=message):
            check_csv_file(tmp_path / name, images)


def test_other_files_are_not(pictures):
    for file in (pictures / "new.csv", pictures / "notes.txt", pictures / "new/below/out.csv", Path("out")):
        check_csv_file(file, [pictures, pictures / "missing.png"])


def test_the_image_is_unchanged(trained_run, pictures):
    image = pictures / "light.jpeg"
    before = image.read_bytes()
    result = CliRunner().invoke(main, ["predict", str(image), "--run", str(trained_run.folder), "--csv", str(image)])
    assert result.exit_code == 2 and "Name another file with --csv FILE." in " ".join(result.output.split())
    assert image.read_bytes() == before
