import gzip

import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import load_dataset
from ganbal.data.patients import find_patients
from ganbal.errors import InputError
from ganbal.runtime.console import Console

nibabel = pytest.importorskip("nibabel", reason="needs nibabel")
RAS = np.diag([1.0, 1.0, 1.0, 1.0])


@pytest.fixture
def save(tmp_path):
    def save(name, values, affine=RAS):
        file = tmp_path / "set" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        nibabel.Nifti1Image(values, affine).to_filename(file)
        return tmp_path / "set"

    return save


def volume(seed=0, dtype=np.int16, high=1000, shape=(4, 5, 6)):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def patients(located):
    return find_patients(located.source.images).ids


def pixels(located, row):
    return np.asarray(Image.open(located.source.root / located.source.images[row].file_name))


def test_middle_slices_as_a_radiologist_sees_them(find, save):
    values = volume()
    save("A/sub-01_T1w.nii.gz", values)
    located = find(save("B/sub-02_T1w.nii", volume(1)), nifti_slices="middle")
    assert located.source.layout == "nifti"
    assert [image.class_name for image in located.source.images] == ["A", "B"]
    assert patients(located) == ["sub-01", "sub-02"]
    # Rows run from front to back, columns from the patient's right to left.
    expected = [[values[3 - x, 4 - y, 3] for x in range(4)] for y in range(5)]
    np.testing.assert_array_equal(pixels(located, 0), expected)
    (record,) = located.imports
    assert (record["kind"], record["images"], record["volumes"]) == ("nifti", 2, 2)
    assert record["options"] == {"nifti_slices": "middle"}
    assert record["software"]["nibabel"] == nibabel.__version__


@pytest.mark.parametrize("axes", ["LPS", "PIR", "SAL"])
def test_other_orientations_give_the_same_slices(find, save, axes):
    image = nibabel.Nifti1Image(volume(), RAS)
    turned = nibabel.orientations.ornt_transform(
        nibabel.orientations.io_orientation(RAS), nibabel.orientations.axcodes2ornt(axes)
    )
    other = image.as_reoriented(turned)
    assert nibabel.aff2axcodes(other.affine) == tuple(axes)
    save("A/a.nii", volume())
    located = find(save("B/b.nii", np.asarray(other.dataobj), other.affine), nifti_slices="middle")
    np.testing.assert_array_equal(pixels(located, 0), pixels(located, 1))


@pytest.mark.parametrize(("slices", "number"), [("all", 6), (1, 6), (2, 3), (4, 1), (100, 1)])
def test_all_or_every_kth_slice(find, save, slices, number):
    save("A/a.nii.gz", volume())
    located = find(save("B/b.nii.gz", volume(1)), nifti_slices=slices)
    assert patients(located) == ["a"] * number + ["b"] * number


def test_blank_slices_are_left_out(find, save):
    values = volume()
    values[:, :, [0, 5]] = 7
    save("A/a.nii", values)
    located = find(save("B/b.nii", volume(1)), nifti_slices="all")
    assert (located.imports[0]["images"], located.imports[0]["blank_slices"]) == (10, 2)


def test_kinds_of_values(find, save):
    scaled = nibabel.Nifti1Image(volume(high=100), RAS)
    scaled.header.set_slope_inter(0.5, -1024)
    scaled.to_filename(save("A/a.nii", volume()) / "A/scaled.nii")
    gaps = volume().astype(np.float32)
    gaps[0] = np.nan
    save("A/float.nii", gaps)
    save("B/bytes.nii", volume(dtype=np.uint8, high=200))
    located = find(save("B/four.nii", volume(shape=(4, 5, 6, 1))), nifti_slices="middle")
    by_name = {patient: row for row, patient in enumerate(patients(located))}
    np.testing.assert_allclose(pixels(located, by_name["scaled"]), volume(high=100)[::-1, ::-1, 3].T * 0.5 - 1024)
    assert pixels(located, by_name["bytes"]).dtype == np.uint8
    assert pixels(located, by_name["float"])[0, -1] == np.nanmin(gaps)
    assert pixels(located, by_name["four"]).shape == (5, 4)


def test_all_volumes_share_one_intensity_range(save, tmp_path):
    for number in range(20):
        save(f"A/a{number}.nii", volume(number, high=2000))
        root = save(f"B/b{number}.nii", volume(99 + number, high=4000))
    config = DataConfig(root=root, nifti_slices="middle")
    quiet = Console(quiet=True)
    dataset = load_dataset(config, sizes_px=[4], cache_root=tmp_path / "c", console=quiet)
    assert dataset.cache.index.num_deep == 40
    assert len(dataset.pixels(4)) == 40
    first = dataset.table.frame.index[dataset.table.frame["patient"] == "a3"][0]
    assert dataset.pixels(4)[first].max() <= 2000 / 4095 * 255 + 12  # antialiasing overshoots a little


def test_volumes_need_a_choice_of_slices(find, save, write_image):
    save("A/a.nii", volume())
    root = save("B/b.nii.gz", volume())
    with pytest.raises(InputError, match=r"2 NIfTI volumes, such as A/a\.nii\..*data\.nifti_slices=middle"):
        find(root)
    write_image(root / "A/c.png")
    write_image(root / "B/c.png")
    located = find(root)
    assert [image.file_name for image in located.source.images] == ["A/c.png", "B/c.png"]
    assert "1 .nii and 1 .nii.gz" in str(located.source.warnings[-1])
    with pytest.raises(InputError, match="and 2 other images"):
        find(root, nifti_slices="middle")


def test_a_table_of_volumes(find, save):
    root = save("x/a.nii.gz", volume())
    save("x/b.nii.gz", volume(1))
    (root / "t.csv").write_text("id,label,split,patient\na,ill,train,P1\nb,well,test,P2\n")
    source = find(root / "t.csv", nifti_slices="middle").source
    assert [(i.class_name, i.split, i.patient) for i in source.images] == [
        ("ill", "train", "P1"),
        ("well", "test", "P2"),
    ]


def test_segmentations_beside_volumes_are_left_out(find, save):
    save("A/a.nii.gz", volume())
    save("A/a_seg.nii.gz", volume())
    save("B/c_t1.nii", volume(2))
    save("B/c_t2.nii", volume(3))
    save("B/c_seg.nii", volume())
    located = find(save("B/b.nii", volume(1)), nifti_slices="middle")
    assert patients(located) == ["a", "b", "c_t1", "c_t2"]
    assert [(warning.kind, warning.values["count"]) for warning in located.source.warnings] == [("masks", 2)]


@pytest.fixture
def sequences(save):
    """Two volumes per patient, in folders and names that are not recognized."""
    for number in range(20):
        for sequence in ("t1", "t2"):
            name = f"{'AB'[number % 2]}/X{number}/X{number}_{sequence}.nii.gz"
            root = save(name, volume(100 * number + len(sequence) + ord(sequence[-1])))
    return root


def load(root, tmp_path, **settings):
    config = DataConfig(root=root, nifti_slices="all", **settings)
    return load_dataset(config, sizes_px=[4], cache_root=tmp_path / "c", console=Console(quiet=True))


def test_volumes_without_a_recognized_patient_stay_whole_with_a_warning(sequences, tmp_path):
    dataset = load(sequences, tmp_path)
    frame = dataset.table.frame
    assert frame["patient"].nunique() == 40
    assert frame.groupby("patient")["split"].nunique().max() == 1
    assert (dataset.patients.counts, dataset.patients.num_recognized) == ({"volume": 240}, 0)
    assert [warning.kind for warning in dataset.warnings] == ["no-patients"]
    assert "cut by volume: no patients recognized" in dataset.split_rule


def test_a_pattern_finds_the_patients_of_volumes(sequences, tmp_path):
    dataset = load(sequences, tmp_path, patient_pattern=r"(X\d+)_")
    assert dataset.table.frame["patient"].nunique() == 20
    assert (dataset.patients.counts, dataset.warnings) == ({"pattern": 240}, ())
    with pytest.raises(InputError, match=r"matches none of 40 file names, such as A/X0/X0_t1\.nii\.gz"):
        load(sequences, tmp_path, patient_pattern="q")


def test_unusable_volumes(find, save):
    root = save("A/a.nii.gz", volume())
    save("B/b.nii", volume())
    file = root / "B/b.nii"
    content = file.read_bytes()
    huge = bytearray(content)
    huge[42:48] = np.array([30000] * 3, "<i2").tobytes()
    nibabel.Nifti1Image(volume(shape=(4, 5, 6, 2)), RAS).to_filename(root / "four.nii")
    many = (root / "four.nii").read_bytes()
    (root / "four.nii").unlink()
    for damaged in (b"", b"\0" * 400, content[:-20], gzip.compress(content)[:200], bytes(huge), many):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"The NIfTI volume .*b\.nii cannot be used: .*Replace or remove"):
            find(root, nifti_slices="all")
