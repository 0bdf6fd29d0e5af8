"""What makes a set of images unfit for the work."""

from collections.abc import Sequence

from ganbal.data.found import FoundImage
from ganbal.data.pixel_cache import Unreadable
from ganbal.errors import InputError
from ganbal.runtime.console import Console

_MOST_NAMED = 5


def check_classes(images: Sequence[FoundImage]) -> None:
    """See that there are two classes or more.

    Raises:
        InputError: there is one, or none.
    """
    classes = sorted({image.class_name for image in images})
    if len(classes) < 2:
        raise InputError(
            expected="images of two classes or more",
            found=f"{len(images)} of {classes[0]} only" if classes else "none that can be read",
            action="Give --data the folder that holds one folder for each class (or train/ and test/ with such).",
        )


def check_readable(unreadable: Sequence[Unreadable], num_images: int, max_fraction: float, console: Console) -> None:
    """Warn of unreadable files, which are left out.

    Raises:
        InputError: they are more than `max_fraction` of all.
    """
    if not unreadable:
        return
    named = "; ".join(f"{entry.file_name}: {entry.reason}" for entry in unreadable[:_MOST_NAMED])
    if len(unreadable) > _MOST_NAMED:
        named += f"; and {len(unreadable) - _MOST_NAMED} more"
    share = len(unreadable) / num_images
    if share > max_fraction:
        raise InputError(
            expected=f"at most {max_fraction:.0%} of the {num_images} image files unreadable",
            found=f"{len(unreadable)} ({share:.1%}): {named}",
            action="Replace or remove these files, or raise data.max_unreadable_fraction.",
        )
    console.warn(f"{len(unreadable)} of {num_images} image files cannot be read and are left out: {named}.")
