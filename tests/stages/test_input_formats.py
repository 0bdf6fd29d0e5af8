"""`ganbal run` on inputs that are no folders of pictures."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from ganbal.cli import main

TINY = [
    "device=cpu",
    "gan.image_size_px=32",
    "gan.base_channels=4",
    "gan.latent_dim=4",
    "gan.batch_size=4",
    "gan.steps=3",
    "score.extractor=untrained",
    "study.classifiers=[pixel_svm]",
    "study.arms=[imbalanced,gan]",
    "study.seeds=1",
    "study.image_size_px=32",
    "study.workers=1",
]


@pytest.fixture
def run_all(tmp_path, monkeypatch, one_torch_thread):
    monkeypatch.delenv("GANBAL_DATA", raising=False)

    def run_all(data):
        settings = [part for assignment in TINY for part in ("--set", assignment)]
        done = CliRunner().invoke(
            main, ["run", "--data", str(data), "--run", str(tmp_path / "run"), "--quiet", "-y", *settings]
        )
        assert done.exit_code == 0, done.output
        content = json.loads((tmp_path / "run/data.json").read_text())
        assert (tmp_path / "run/report.html").is_file()
        return content

    return run_all


def squares(labels, size=28):
    """Noise, brighter in one corner where the label is 1."""
    rng = np.random.default_rng(len(labels))
    images = rng.integers(60, 140, (len(labels), size, size))
    images[np.asarray(labels) == 1, : size // 2, : size // 2] += 100
    return images


def test_the_shape_of_pneumoniamnist(run_all, tmp_path):
    arrays = {}
    for split, (normal, pneumonia) in {"train": (60, 90), "val": (20, 22), "test": (12, 14)}.items():
        labels = np.array([0] * normal + [1] * pneumonia, np.uint8)
        arrays |= {f"{split}_images": squares(labels).astype(np.uint8), f"{split}_labels": labels[:, None]}
    np.savez_compressed(tmp_path / "pneumoniamnist.npz", **arrays)
    content = run_all(tmp_path / "pneumoniamnist.npz")
    assert content["counts"] == {
        "train": {"normal": 60, "pneumonia": 90},
        "val": {"normal": 20, "pneumonia": 22},
        "test": {"normal": 12, "pneumonia": 14},
    }
    provenance = json.loads((tmp_path / "run/provenance.json").read_text())
    assert provenance["data_imports"] == content["source"]["imports"]
    assert "pneumoniamnist.npz" in (tmp_path / "run/report.html").read_text()
    assert len(list((tmp_path / "run/synthetic/normal").glob("*.png"))) == 30


def test_dicom_leaves_no_tag_in_the_run(run_all, tmp_path):
    pydicom = pytest.importorskip("pydicom", reason="needs pydicom")
    secrets = []
    for number, pixels in enumerate(squares([0] * 60 + [1] * 90)):
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = pydicom.uid.CTImageStorage
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
        dataset.PatientID, dataset.PatientName = f"ID-77{number // 2:04d}", f"Mustermann^{number}"
        dataset.InstitutionName, dataset.AccessionNumber = "Charite-Mitte", f"ACC{number}X"
        dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = *pixels.shape, 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
        dataset.PixelData = (pixels * 16).astype(np.uint16).tobytes()
        file = tmp_path / f"set/{'normal' if number < 60 else 'ill'}/{number:03d}.dcm"
        file.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(file, enforce_file_format=True)
        uids = (dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
        secrets += [*uids, dataset.PatientID, str(dataset.PatientName), dataset.AccessionNumber]
    content = run_all(tmp_path / "set")
    assert content["sizes"]["modes"] == {"DICOM range": 150}
    assert content["patients_recognized"] == {"images": 150, "by": {"dicom": 150}, "are_certain": True}
    files = [file for file in (tmp_path / "run").rglob("*") if file.is_file()]
    written = b"\n".join(file.read_bytes() for file in files)
    assert [secret for secret in [*secrets, "Charite"] if str(secret).encode() in written] == []
