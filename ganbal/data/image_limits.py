"""What every reader of image files shares: the largest image, and the one error for whatever is wrong with a file."""

MAX_PIXELS = 80_000_000
"""The largest image, in pixels; larger ones count as unreadable everywhere."""


class UnreadableImageError(Exception):
    """The file gives no image; the message says why."""
