"""The smallest number of images from which scores mean anything."""

from ganbal.errors import InputError

MIN_IMAGES = 16


def require_images(number: int, side: str, name: str, minimum: int = MIN_IMAGES) -> None:
    """Check the number of images of one side.

    Args:
        number: images that there are.
        side: `real` or `synthetic`.
        name: where they come from, for the message.
        minimum: images that the chosen scores need.

    Raises:
        InputError: there are fewer.
    """
    if number < minimum:
        raise InputError(
            found=f"{name} has only {number} {side} images.",
            expected=f"Scores need at least {minimum} {side} images; from fewer they are meaningless.",
            action="Add images.",
        )
