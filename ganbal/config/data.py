"""Settings of the images and their split."""

import math
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ganbal.config.section import Section

Fit = Literal["stretch", "pad", "crop"]
NumChannels = Literal[1, 3]
_REMOTE_NAME = re.compile(r"(?:medmnist|hf|kaggle):.+")


def is_remote_name(root: Path | str) -> bool:
    """Whether `data.root` names a data set of a service, such as `hf:OWNER/NAME`, not a path."""
    return _REMOTE_NAME.fullmatch(str(root)) is not None


class DataConfig(Section):
    """Where the images are and how they are split."""

    root: Literal["phantom"] | Path | None = None
    """Folder of images, CSV file, `.npz` or `.zip` file; `medmnist:NAME`, `hf:OWNER/NAME` or `kaggle:OWNER/NAME`, which
    are downloaded; or `phantom` for the embedded simulated set. None means: GANBAL_DATA, then data/chest_xray, then
    phantom."""
    class_names: dict[str, str] = Field(default_factory=dict)
    """Names of the classes by their labels in the data set, e.g. `{0: normal, 1: pneumonia}`; labels that get the same
    name become one class, and those not listed keep their own."""
    one_versus_rest: str | None = None
    """Two classes, this label and `no-<label>` for all others; for sets whose images have several labels."""
    positive_class: str | None = None
    """The positive class of two: recall, precision and probabilities refer to it, and its label is 1. None takes the
    one whose name means abnormal (pneumonia, tumor, positive …), else the second in the alphabet."""
    patient_pattern: str | None = None
    """Regular expression, searched in each image's path, whose group `patient` (or first group, or whole match) is the
    patient; None recognizes usual names of files and folders."""
    path_column: str | None = None
    """Column of the CSV file with the path, name or id of the image; None looks for `path`, `file_name`, `image_id` and
    the like."""
    label_column: str | None = None
    """Column of the CSV file with the class; None looks for `label`, `class`, `target`, `diagnosis` and the like."""
    split_column: str | None = None
    """Column of the CSV file with the split; None looks for `split`."""
    patient_column: str | None = None
    """Column of the CSV file with the patient; None looks for `patient`, `patient_id`, `subject` and the like."""
    image_root: Path | None = None
    """Folder that paths in the CSV file are relative to; None means the file's own."""
    val_fraction: Literal["auto"] | Annotated[float, Field(ge=0, lt=0.9)] = "auto"
    """Share of the training patients set aside for validation; 0 uses the set's own `val` images. `auto`: the set's own
    where they are at least 20, and a twentieth of the training images, of every class; else 0.15."""
    test_fraction: float = Field(0.2, gt=0, lt=0.9)
    """Share of the patients that becomes `test` where the set has no test images."""
    split_seed: int = Field(0, ge=0, lt=2**31)
    """Seed of all cuts by patient, also of `study.minority_fractions`. It is apart from `seed`, so that other random
    numbers never move an image from one split to another."""
    resplit: bool = False
    """Ignore the set's own split and split validation and test again, by patient."""
    nifti_slices: Literal["middle", "all"] | Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Axial slices of NIfTI volumes that become images: `middle` (one per volume), `all`, or 5 for every fifth; None
    refuses volumes."""
    intensity_range: Literal["auto"] | tuple[float, float] = "auto"
    """Values of images with more than 8 bits per channel that become black and white. `auto`: one range for the whole
    set, of the fewest bits (8 to 16) that hold all values."""
    window: tuple[float, float] | None = None
    """[center, width] in the units of the images, such as Hounsfield: another way to write `intensity_range`. Either
    takes the place of the windows in DICOM files."""
    channels: Literal["auto"] | NumChannels = "auto"
    """1 reads all images in gray, 3 in color. `auto`: 3 if at least half of the training images show color, judged by
    their pixels; a file of three equal channels is gray."""
    fit: Fit = "stretch"
    """How an image that is not square becomes one: `stretch` changes its aspect ratio, `pad` centers it on black,
    `crop` takes the central square."""
    max_unreadable_fraction: float = Field(0.05, ge=0, le=1)
    """A larger share of unreadable files is an error."""
    phantom_images: int = Field(400, ge=60, le=100_000)
    """Number of images in the embedded phantom set."""

    @field_validator("patient_pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression ({error})") from error
        return pattern

    @model_validator(mode="after")
    def _one_range(self) -> "DataConfig":
        if self.window is not None and self.intensity_range != "auto":
            raise ValueError("data.window and data.intensity_range say the same; give one of them")
        return self

    @property
    def black_and_white(self) -> Literal["auto"] | tuple[float, float]:
        """The values of deep images that become black and white, whichever way they are set."""
        if self.window is None:
            return self.intensity_range
        center, width = self.window
        return (center - width / 2, center + width / 2)

    @field_validator("window")
    @classmethod
    def _window_has_width(cls, window: tuple[float, float] | None) -> tuple[float, float] | None:
        if window is not None and not window[1] > 0:
            raise ValueError("must be [center, width] with a width above 0")
        return window

    @field_validator("intensity_range")
    @classmethod
    def _range_ascends(cls, value: str | tuple[float, float]) -> str | tuple[float, float]:
        if isinstance(value, tuple) and not (all(map(math.isfinite, value)) and value[0] < value[1]):
            raise ValueError("must be `auto` or [black, white] with black below white")
        return value
