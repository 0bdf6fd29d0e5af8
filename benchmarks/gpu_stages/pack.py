"""Packs what a bare machine with PyTorch lacks into one file, and unpacks it there.

One solid archive with LZMA and the x86 filter: OpenCV alone is 50 MB as a wheel and 28 MB here. The images are 160 px
WebP, the size of configs/default.yaml. Weights are float16, high and low bytes apart, as only the former compress.
"""

import compileall
import io
import itertools
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIMIT_BYTES = 60 * 2**20
IMAGE_SIZE_PX, IMAGE_QUALITY, JPEG_QUALITY = 160, 45, 98
INCEPTION, MOBILENET = "fid_inception_2015-12-05_dims768.pth", "mobilenet_v2_imagenet_features.pth"
VGG16 = "vgg16_imagenet_features.pth"
CONTENTS = {"scores": (INCEPTION, MOBILENET), "published": (VGG16,)}
"""Weights that travel: those of both do not fit."""
DIMS = 768
PACK_NAME = "pack.tar.xz"
WHEELS = (
    *("pydantic==2.14.4", "pydantic-core==2.50.5", "annotated-types", "typing-inspection", "typing-extensions"),
    *("albumentations==2.0.8", "albucore==0.0.24", "opencv-python-headless==4.11.0.86", "stringzilla<4", "simsimd"),
    *("pytorch-fid==0.3.0", "rich", "markdown-it-py", "mdurl", "pygments", "platformdirs", "pyyaml", "jinja2"),
    *("markupsafe", "safetensors", "pytest", "pluggy", "iniconfig", "packaging"),
)
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
UNUSED_SUFFIXES = (".pyi", ".xml", ".cpp", ".pyx")
_FILTERS = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 2**26}]


def make_pack(
    data: Path,
    weights: Path,
    folder: Path,
    python: str,
    content: str,
    *,
    quality: int = IMAGE_QUALITY,
    without: Sequence[str] = (),
) -> Path:
    """Write the pack.

    Args:
        data: image set in Kaggle's layout.
        weights: folder with the files of weights.
        folder: where the pack goes.
        python: version of the machine's Python, such as "3.12".
        content: one of `CONTENTS`.
        quality: of the images, as WebP counts it.
        without: distributions that the machine has.

    Raises:
        SystemExit: the pack is larger than 60 MiB; it is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target, temporary = folder / PACK_NAME, folder / f"{PACK_NAME}.part"
    with (
        lzma.open(temporary, "wb", format=lzma.FORMAT_XZ, filters=_FILTERS) as file,
        tarfile.open(fileobj=file, mode="w|") as archive,
    ):
        for name, data_bytes in itertools.chain(
            wheel_files(python, without), weight_files(weights, CONTENTS[content]), image_files(data, quality)
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data_bytes)
            archive.addfile(entry, io.BytesIO(data_bytes))
    size = temporary.stat().st_size
    if size > LIMIT_BYTES:
        temporary.unlink()
        raise SystemExit(f"The pack has {size / 2**20:.1f} MiB; at most {LIMIT_BYTES // 2**20} MiB may travel.")
    return temporary.replace(target)


def wheel_files(python: str, without: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """(wheels/DISTRIBUTION-VERSION/path, content) of every file of the wheels that is needed at run time."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", python, "--implementation", "cp", "--dest", folder]
        wanted = wanted_wheels(without)
        subprocess.run([*command, *(f"--platform={name}" for name in PLATFORMS), *wanted], check=True)
        for wheel in sorted(Path(folder).glob("*.whl")):
            distribution = "-".join(wheel.name.split("-")[:2])
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if not name.endswith(("/", *UNUSED_SUFFIXES)):
                        yield f"wheels/{distribution}/{name}", archive.read(name)


def wanted_wheels(without: Sequence[str]) -> list[str]:
    return [wheel for wheel in WHEELS if re.split("[=<]", wheel)[0] not in without]


def weight_files(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    import torch
    from safetensors.torch import save

    for name in names:
        state = torch.load(folder / name, weights_only=True, map_location="cpu")
        floats = {key: value.half().contiguous() for key, value in state.items() if value.is_floating_point()}
        as_bytes = {key: value.reshape(-1).view(torch.uint8).reshape(*value.shape, 2) for key, value in floats.items()}
        others = {key: value for key, value in state.items() if not value.is_floating_point()}
        for half, place in (("low", 0), ("high", 1)):
            planes = {key: value[..., place].contiguous() for key, value in as_bytes.items()}
            yield f"weights/{name}.{half}", save(planes)
        yield f"weights/{name}.whole", save(others)


def image_files(data: Path, quality: int) -> Iterator[tuple[str, bytes]]:
    from PIL import Image

    def encoded(file: Path) -> tuple[str, bytes]:
        with Image.open(file) as image:
            small = image.convert("L").resize((IMAGE_SIZE_PX, IMAGE_SIZE_PX), Image.Resampling.BICUBIC)
        content = io.BytesIO()
        small.save(content, "WEBP", quality=quality, method=6)
        return f"images/{file.relative_to(data).with_suffix('.webp').as_posix()}", content.getvalue()

    with ThreadPoolExecutor() as pool:
        yield from pool.map(
            encoded, sorted(file for file in data.rglob("*") if file.suffix.lower() in (".jpeg", ".jpg", ".png"))
        )


def unpack(pack: Path, folder: Path) -> None:
    """Unpack: images as JPEG under data/, weights as float32 .pth under weights/, wheels under wheels/."""
    with lzma.open(pack) as file, tarfile.open(fileobj=file, mode="r|") as archive:
        archive.extractall(folder, filter="data")
    write_weights(folder / "weights")
    write_images(folder / "images", folder / "data")
    compileall.compile_dir(str(folder / "wheels"), quiet=2, workers=0)


def write_weights(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    for name in sorted(file.stem for file in folder.glob("*.whole")):
        low, high, whole = (load_file(folder / f"{name}.{part}") for part in ("low", "high", "whole"))
        state = {key: torch.stack([low[key], high[key]], dim=-1).view(torch.float16)[..., 0].float() for key in low}
        torch.save(state | whole, folder / name)


def write_images(source: Path, target: Path) -> None:
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter lock
        list(pool.map(lambda file: write_jpeg(file, target / file.relative_to(source)), sorted(source.rglob("*.webp"))))


def write_jpeg(file: Path, target: Path) -> None:
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(file) as image:
        image.convert("L").save(target.with_suffix(".jpeg"), "JPEG", quality=JPEG_QUALITY)


def missing_packages(folder: Path) -> list[Path]:
    """Folders of the unpacked wheels that this Python lacks or has in an older version."""
    return [wheel for wheel in sorted((folder / "wheels").iterdir()) if is_missing(*wheel.name.split("-"))]


def is_missing(distribution: str, packed: str) -> bool:
    try:
        return as_numbers(version(distribution)) < as_numbers(packed)
    except PackageNotFoundError:
        return True


def as_numbers(version_text: str) -> tuple[int, ...]:
    """(2, 14, 4) of "2.14.4"; anything that is no number ends it."""
    parts = version_text.split(".")
    return tuple(int(part) for part in parts[: next((i for i, p in enumerate(parts) if not p.isdecimal()), None)])
