"""Files that pydicom writes, decoded as the commands do it."""

import json

import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import load_dataset
from ganbal.data.decoding import USUAL, Conversion, IntensityRange, decode_file, decode_full_size, deep_extremes
from ganbal.data.discovery import find_images
from ganbal.data.image_limits import UnreadableImageError
from ganbal.data.inspection import inspect_dataset
from ganbal.errors import InputError
from ganbal.runtime.console import Console

pydicom = pytest.importorskip("pydicom", reason="needs pydicom")
from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.sequence import Sequence  # noqa: E402
from pydicom.uid import (  # noqa: E402
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
    generate_uid,
)

VALUES = np.array([[0, 500], [1000, 4095]], np.uint16)


def dicom(path, values=VALUES, *, bits=12, compress=None, save=True, **tags):
    """Write an image with a patient, and give its tags back."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "4711-0815"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 3 if values.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = min(bits, dataset.BitsAllocated), min(bits, dataset.BitsAllocated) - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    if compress is not None:
        dataset.compress(compress)
    if save:
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
    return dataset


def square(path, conversion=USUAL):
    return decode_file(path, [2], conversion).squares[2]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "x.dcm"


class TestGray:
    def test_without_a_window_the_range_of_the_set_applies(self, file):
        dicom(file)
        image = decode_file(file, [2])
        assert (image.mode, image.width_px, image.is_colored) == ("DICOM range", 2, False)
        np.testing.assert_array_equal(image.squares[2], np.rint(VALUES / 4095 * 255))
        assert deep_extremes(file) == (0, 4095)
        narrow = square(file, Conversion(IntensityRange(500, 1000)))
        np.testing.assert_array_equal(narrow, [[0, 0], [255, 255]])
        np.testing.assert_array_equal(decode_full_size(file), square(file))

    def test_rescaled_values(self, file):
        dicom(file, RescaleSlope=2, RescaleIntercept=-1024)
        assert deep_extremes(file) == (-1024, 2 * 4095 - 1024)

    def test_a_window_is_what_becomes_black_and_white(self, file):
        # C.11.2.1.2.1 of the standard: from center − 0.5 − (width − 1) / 2 to center − 0.5 + (width − 1) / 2.
        dicom(file, WindowCenter=500.5, WindowWidth=1001)
        assert decode_file(file, []).mode == "DICOM window"
        np.testing.assert_array_equal(square(file), [[0, 128], [255, 255]])
        assert deep_extremes(file) is None
        assert deep_extremes(file, with_window=False) == (0, 4095)
        by_range = square(file, Conversion(IntensityRange(0, 4095), with_window=False))
        np.testing.assert_array_equal(by_range, np.rint(VALUES / 4095 * 255))

    def test_a_window_in_rescaled_units(self, file):
        dicom(file, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=[40, 600], WindowWidth=[400, 1500])
        scaled = (VALUES - 1024.0 - (40 - 0.5)) / (400 - 1) + 0.5
        np.testing.assert_array_equal(square(file), np.rint(np.clip(scaled, 0, 1) * 255))

    def test_other_functions_of_a_window(self, file):
        dicom(file, WindowCenter=500, WindowWidth=1000, VOILUTFunction="LINEAR_EXACT")
        np.testing.assert_array_equal(square(file), [[0, 128], [255, 255]])
        dicom(file, WindowCenter=1000, WindowWidth=1000, VOILUTFunction="SIGMOID")
        sigmoid = 1 / (1 + np.exp(-4 * (VALUES - 1000.0) / 1000))
        np.testing.assert_allclose(square(file), sigmoid * 255, atol=0.51)

    def test_an_invalid_window_is_none(self, file):
        for width in (0, None):
            dicom(file, WindowCenter=500, WindowWidth=width)
            assert decode_file(file, []).mode == "DICOM range"

    def test_a_lookup_table(self, file):
        table = Dataset()
        table.LUTDescriptor, table.LUTData = [4096, 0, 8], [255 - n // 16 for n in range(4096)]
        table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
        dicom(file, VOILUTSequence=Sequence([table]))
        np.testing.assert_array_equal(square(file), 255 - VALUES // 16)

    @pytest.mark.parametrize("tags", [{}, {"WindowCenter": 500.5, "WindowWidth": 1001}])
    def test_monochrome1_is_inverted(self, file, tags):
        dicom(file, **tags)
        upright = square(file)
        dicom(file, PhotometricInterpretation="MONOCHROME1", **tags)
        np.testing.assert_array_equal(square(file), 255 - upright)

    def test_eight_bits_are_shown_as_they_are(self, file):
        values = np.array([[0, 100], [150, 200]], np.uint8)
        dicom(file, values, RescaleSlope=1, RescaleIntercept=0)
        assert decode_file(file, []).mode == "DICOM bits"
        np.testing.assert_array_equal(square(file), values)
        dicom(file, values, PhotometricInterpretation="MONOCHROME1")
        np.testing.assert_array_equal(square(file), 255 - values)

    def test_sixteen_bits_and_signed_values(self, file):
        dicom(file, VALUES * 16, bits=16)
        np.testing.assert_array_equal(square(file), np.rint(VALUES * 16 / 65535 * 255))
        dicom(file, VALUES.astype(np.int16) - 1000, bits=16)
        assert deep_extremes(file) == (-1000, 3095)

    def test_padding_does_not_widen_the_range(self, file):
        values = VALUES.astype(np.int16)
        values[0, 0] = -2000
        tag = pydicom.DataElement("PixelPaddingValue", "SS", -2000)
        dataset = dicom(file, values, bits=16)
        dataset.add(tag)
        dataset.save_as(file, enforce_file_format=True)
        assert deep_extremes(file) == (500, 4095)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_images(file, syntax):
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg", reason="needs pylibjpeg-openjpeg")
    values = np.random.default_rng(0).integers(0, 4096, (32, 32)).astype(np.uint16)
    dicom(file, values, compress=syntax)
    np.testing.assert_array_equal(decode_full_size(file), np.rint(values / 4095 * 255))


def test_colors(file):
    values = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    dicom(file, values, bits=8)
    assert (decode_file(file, []).mode, decode_file(file, []).is_colored) == ("DICOM color", True)
    np.testing.assert_array_equal(decode_full_size(file), values)
    from pydicom.pixels import convert_color_space

    dicom(file, convert_color_space(values, "RGB", "YBR_FULL"), bits=8, PhotometricInterpretation="YBR_FULL")
    np.testing.assert_allclose(decode_full_size(file).astype(int), values, atol=3)


class TestRefused:
    def reason(self, file):
        with pytest.raises(UnreadableImageError) as caught:
            decode_file(file, [2])
        return str(caught.value)

    def test_several_frames(self, file):
        dataset = dicom(file, save=False)
        dataset.NumberOfFrames, dataset.PixelData = 3, VALUES.tobytes() * 3
        dataset.save_as(file, enforce_file_format=True)
        assert "3 frames in one DICOM file; ganbal reads one image per file" in self.reason(file)

    def test_no_image(self, file):
        dataset = dicom(file, save=False)
        del dataset.PixelData
        dataset.save_as(file, enforce_file_format=True)
        assert "without an image" in self.reason(file)

    def test_too_many_pixels(self, file):
        dicom(file, Rows=60_000, Columns=60_000)
        assert "60000 × 60000 pixels, more than" in self.reason(file)

    def test_a_compressed_image_of_another_size(self, file):
        pytest.importorskip("openjpeg", reason="needs pylibjpeg-openjpeg")
        dataset = dicom(file, np.zeros((64, 64), np.uint16), compress=JPEG2000Lossless, save=False)
        dataset.Rows = dataset.Columns = 8
        dataset.save_as(file, enforce_file_format=True)
        assert "a compressed image of 64 × 64 pixels, where the tags state 8 × 8" in self.reason(file)

    def test_deflated_and_damaged_files(self, file):
        dataset = dicom(file)
        content = file.read_bytes()
        for damaged in (content[:200], content[:-3], content[:128] + b"DICM" + b"\xff" * 300):
            file.write_bytes(damaged)
            assert self.reason(file)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(file, enforce_file_format=True)
        assert "deflated" in self.reason(file)

    def test_without_pydicom(self, file, monkeypatch):
        dicom(file)
        monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
        with pytest.raises(InputError, match=r'pip install "ganbal\[dicom\]"'):
            decode_file(file, [2])


def test_files_without_suffix(tmp_path):
    for name in ("A/IM0001", "B/1.2.840.113619.2.5.7"):
        dicom(tmp_path / name)
    (tmp_path / "A/README").write_text("no image")
    dicom(tmp_path / "A/DICOMDIR")
    assert [image.file_name for image in find_images(tmp_path).images] == ["A/IM0001", "B/1.2.840.113619.2.5.7"]


def test_rsna_style(tmp_path):
    for name in ("p1", "p2"):
        dicom(tmp_path / f"images/{name}.dcm")
    (tmp_path / "labels.csv").write_text("patientId,x,y,width,height,Target\np1,,,,,0\np2,1,2,3,4,1\np2,5,6,7,8,1\n")
    assert [(image.file_name, image.class_name) for image in find_images(tmp_path / "labels.csv").images] == [
        ("images/p1.dcm", "0"),
        ("images/p2.dcm", "1"),
    ]


@pytest.fixture
def load(tmp_path):
    def load(root, **settings):
        config = DataConfig(root=root, **settings)
        quiet = Console(quiet=True)
        dataset = load_dataset(config, sizes_px=[4], cache_root=tmp_path / "cache", console=quiet)
        return dataset, inspect_dataset(dataset, config)

    return load


@pytest.fixture
def root(tmp_path):
    """Fifteen patients per class with two images each; those of class B have windows."""
    rng = np.random.default_rng(0)
    for number in range(60):
        window = {"WindowCenter": 500, "WindowWidth": 1000} if number % 2 else {}
        values = rng.integers(0, 2000, (6, 5)).astype(np.uint16)
        patient = {"PatientID": f"SECRET-{number // 4}-{number % 2}", "PatientName": f"Hidden^{number}"}
        dicom(tmp_path / f"set/{'AB'[number % 2]}/{number:02d}.dcm", values, **window, **patient)
    return tmp_path / "set"


def test_a_data_set(root, load):
    dataset, content = load(root)
    assert content["sizes"]["modes"] == {"DICOM range": 30, "DICOM window": 30}
    assert content["intensity"] == {"range": [0.0, 2047.0], "chosen_by": "auto", "images": 30}
    assert content["patients_recognized"] == {"images": 60, "by": {"dicom": 60}, "are_certain": True}
    frame = dataset.table.frame
    assert sorted(set(frame["patient"])) == [f"patient-{number:04d}" for number in range(1, 31)]
    assert frame.groupby("patient")["split"].nunique().max() == 1
    (warning,) = dataset.warnings
    assert warning.kind == "windows-by-class"
    assert "0% of A and 100% of B have a window of their own" in str(warning)


def test_no_tag_is_copied(root, load, tmp_path):
    dataset, content = load(root)
    secrets = ["SECRET", "Hidden", "1.2.826.0.1.3680043"]
    written = json.dumps(content) + dataset.table.frame.to_csv()
    written += "".join(p.read_text("latin-1") for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert not [secret for secret in secrets if secret in written]


def test_a_window_by_setting(root, load):
    dataset, content = load(root, window=(1000, 2000))
    assert content["intensity"] == {"range": [0.0, 2000.0], "chosen_by": "setting", "images": 60}
    assert content["sizes"]["modes"] == {"DICOM range": 60}
    automatic, _ = load(root)
    assert dataset.table.digest() != automatic.table.digest()


def test_ids_that_are_the_same_everywhere_are_nobodys(tmp_path, load):
    for number in range(40):
        dicom(tmp_path / f"set/{'AB'[number % 2]}/{number:02d}.dcm", PatientID="ANONYMOUS")
    _, content = load(tmp_path / "set")
    assert content["patients_recognized"]["images"] == 0


def test_names_with_tags_are_reported(root, load):
    first = next(root.rglob("*.dcm"))
    first.rename(first.with_name(f"{pydicom.dcmread(first).SOPInstanceUID}.dcm"))
    _, content = load(root)
    assert [warning["kind"] for warning in content["warnings"]] == ["names-with-tags", "windows-by-class"]


def test_dicom_and_other_formats_together(root, load):
    Image.fromarray(np.zeros((5, 6), np.uint8)).save(root / "A/other.png")
    _, content = load(root)
    assert content["sizes"]["modes"]["L"] == 1
