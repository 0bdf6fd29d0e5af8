"""Simulates one radiograph of a phantom patient: disease, exposure, position and noise."""

from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from ganbal.data.phantom.anatomy import (
    COLUMNS,
    HALF_HEIGHT,
    HALF_WIDTH,
    ROWS,
    Anatomy,
    aerated_lung,
    attenuation,
    mediastinal_shadow,
)

Finding = Literal["normal", "bacteria", "virus"]


def simulate_radiograph(patient: Anatomy, finding: Finding, rng: np.random.Generator) -> np.ndarray:
    """A radiograph of `patient`: uint8 (height, width), of random size, with the heart on the right of the image.

    `bacteria` adds one or two patches of consolidated lung, `virus` haze and streaks around both hila; both can be
    barely visible. Everything else (exposure, position, noise, markers) is independent of the finding.
    """
    heart = mediastinal_shadow(patient)
    lung = aerated_lung(patient, heart)
    total = attenuation(patient, heart, lung, rng)
    total += (0.02 * _cloud(rng, 14) + 0.015 * _cloud(rng, 40) + _opacities(finding, rng)) * lung
    image = _expose(_position(total, rng), rng)
    return _annotate(image, rng)


def _opacities(finding: Finding, rng: np.random.Generator) -> np.ndarray:
    if finding == "bacteria":
        count = rng.choice([1, 2], p=[0.65, 0.35])
        return np.maximum.reduce([_patch(rng, min(0.5, rng.gamma(3.0, 0.11) + 0.11)) for _ in range(count)])
    if finding == "virus":
        strength = rng.gamma(3.0, 0.06) + 0.10
        around_hila = np.maximum(_spot(-0.28, 0.05, 0.42, 0.5), _spot(0.28, 0.05, 0.42, 0.5))
        streaks = np.clip(1 - 1.5 * np.abs(_cloud(rng, 34)), 0, 1)
        return strength * around_hila * np.clip(0.7 + 0.6 * streaks + 0.3 * _cloud(rng, 7), 0, 2)
    # Healthy lungs also have hazy areas, from overlying tissue.
    return _patch(rng, rng.uniform(0, 0.05))


def _patch(rng: np.random.Generator, strength: float) -> np.ndarray:
    side = rng.choice([-1, 1])
    spot = _spot(
        side * rng.uniform(0.22, 0.6), rng.uniform(-0.45, 0.5), rng.uniform(0.13, 0.34), rng.uniform(0.13, 0.34)
    )
    ragged = spot * (1 + 0.55 * _cloud(rng, 9)) + 0.12 * _cloud(rng, 18) * (spot > 0.2)
    return strength * np.clip(1.5 * ragged, 0, 1.25)


def _spot(x: float, y: float, width: float, height: float) -> np.ndarray:
    rows = np.linspace(-HALF_HEIGHT, HALF_HEIGHT, ROWS, dtype=np.float32)[:, None]
    columns = np.linspace(-HALF_WIDTH, HALF_WIDTH, COLUMNS, dtype=np.float32)[None, :]
    return np.exp(-(((columns - x) / width) ** 2) - ((rows - y) / height) ** 2)


def _cloud(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise with about `cells` maxima per side and a standard deviation near 1."""
    coarse = Image.fromarray(rng.normal(0, 1.25, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((COLUMNS, ROWS), Image.Resampling.BICUBIC))


def _position(total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotate, shift, scale and slightly bend the chest, onto an image of random size."""
    width = int(rng.integers(220, 301))
    height = int(width / rng.uniform(1.05, 1.4))
    angle, scale = rng.normal(0, 0.035), rng.uniform(0.84, 1.06)
    shift = rng.normal(0, 0.035, 2)
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = (np.cos(angle) * u - np.sin(angle) * v) * scale + shift[0] + _bend(rng, width, height)
    y = (np.sin(angle) * u + np.cos(angle) * v) * scale + shift[1] + _bend(rng, width, height)
    places = [(y + 1) / 2 * (ROWS - 1), (x + 1) / 2 * (COLUMNS - 1)]
    return ndimage.map_coordinates(total, places, order=1, mode="nearest")


def _bend(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    corners = Image.fromarray(rng.normal(0, 0.012, (4, 4)).astype(np.float32))
    return np.asarray(corners.resize((width, height), Image.Resampling.BICUBIC))


def _expose(total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Attenuation to gray 0 … 255: the S-shaped response of a film, blur and noise."""
    contrast, middle = rng.uniform(1.5, 2.3), rng.uniform(0.58, 0.84)
    sharp = rng.uniform(0.3, 0.9)
    gray = 0.5 + 0.5 * np.tanh(contrast * (total - middle))
    # Air around the body is black at any exposure.
    gray = (gray - gray.min()) / (1 - gray.min()) * rng.uniform(0.86, 1.0)
    noise = ndimage.gaussian_filter(rng.normal(0, 1, gray.shape).astype(np.float32), 0.6)
    gray = ndimage.gaussian_filter(gray, sharp) + rng.uniform(0.01, 0.045) * noise * (0.4 + gray)
    return np.rint(np.clip(gray, 0, 1) * 255).astype(np.uint8)


def _annotate(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the side marker and the black border of the collimator."""
    image = Image.fromarray(pixels)
    height, width = pixels.shape
    pen = ImageDraw.Draw(image)
    if rng.random() < 0.6:
        place = (width * rng.uniform(0.02, 0.10), height * rng.uniform(0.03, 0.16))
        pen.text(place, "R", fill=int(rng.integers(200, 256)), font=ImageFont.load_default(size=int(height * 0.075)))
    if rng.random() < 0.35:
        rim = int(rng.integers(3, 10))
        pen.rectangle((0, 0, width - 1, height - 1), outline=0, width=rim)
    return np.asarray(image)
