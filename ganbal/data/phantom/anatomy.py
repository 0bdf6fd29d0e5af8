"""The simulated chest of the phantom set: X-ray attenuation at each point of a random patient.

Coordinates: x from -1.2 (left in the image, the patient's right) to 1.2, y from -1.05 (neck) to 1.05 (abdomen).
Attenuation is in units of the thickest soft tissue: 0 is air.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

HALF_WIDTH, HALF_HEIGHT = 1.2, 1.05
COLUMNS, ROWS = 224, 196

_Y, _X = np.meshgrid(
    np.linspace(-HALF_HEIGHT, HALF_HEIGHT, ROWS, dtype=np.float32),
    np.linspace(-HALF_WIDTH, HALF_WIDTH, COLUMNS, dtype=np.float32),
    indexing="ij",
)
_SIDE = np.abs(_X)  # distance from the midline


@dataclass(frozen=True)
class Anatomy:
    """Parameters by which the chests of patients differ, in the coordinates above."""

    lung_width: float
    lung_top: float
    right_base: float
    """y of the right lung's base; the left one is slightly lower."""
    dome: float
    heart_size: float
    mediastinum: float
    rib_spacing: float
    rib_phase: float
    rib_slope: float
    rib_strength: float
    clavicle_y: float
    fat: float
    vessels: float
    bubble: float
    """Size of the gastric air bubble; 0 for none."""


def random_anatomy(rng: np.random.Generator) -> Anatomy:
    """A random patient."""
    return Anatomy(
        lung_width=rng.uniform(0.68, 0.82),
        lung_top=rng.uniform(-0.80, -0.70),
        right_base=rng.uniform(0.50, 0.68),
        dome=rng.uniform(0.14, 0.24),
        heart_size=rng.uniform(0.86, 1.16),
        mediastinum=rng.uniform(0.12, 0.17),
        rib_spacing=rng.uniform(0.135, 0.165),
        rib_phase=rng.uniform(0, 1),
        rib_slope=rng.uniform(0.12, 0.26),
        rib_strength=rng.uniform(0.09, 0.17),
        clavicle_y=rng.uniform(-0.66, -0.56),
        fat=rng.uniform(0.0, 0.12),
        vessels=rng.uniform(0.5, 1.2),
        bubble=rng.uniform(0.6, 1.2) if rng.random() < 0.7 else 0.0,
    )


def mediastinal_shadow(patient: Anatomy) -> np.ndarray:
    """Great vessels and, below them, the heart, its apex on the right of the image: float32 (ROWS, COLUMNS), 0 … 1."""
    size, base = patient.heart_size, patient.right_base - 0.07
    down = (_Y - base) / 0.75  # 0 at the base of the shadow, -1 at the great vessels
    apex = patient.mediastinum + 0.33 * size * _rise(1 + down) - 0.26 * np.clip(1 + 3.2 * down, 0, None) ** 2.5
    apex = np.maximum(apex, patient.mediastinum)
    atrium = patient.mediastinum + 0.10 * size * np.exp(-(((down + 0.35) / 0.28) ** 2))
    knob = 0.045 * np.exp(-(((_Y + 0.34) / 0.08) ** 2))
    borders = _within(_X - apex - knob, 0.03) * _within(-_X - atrium, 0.03)
    return borders * _within(_Y - base - 0.10 + 0.9 * np.maximum(_SIDE - 0.25, 0) ** 2, 0.05)


def aerated_lung(patient: Anatomy, heart: np.ndarray) -> np.ndarray:
    """Depth of aerated lung outside the `heart`, relative to full depth: float32 (ROWS, COLUMNS), 0 … 1."""
    cage = _cage(patient, patient.lung_top)
    # The left dome is lower, and the lungs reach further down at the sides than over the domes.
    base = patient.right_base + 0.05 * (_X > 0)
    diaphragm = base - patient.dome * (1 - ((_SIDE - 0.38) / 0.40) ** 2)
    inside = _within(cage - 1, 0.07) * _within(_Y - diaphragm, 0.018) * (1 - 0.94 * heart)
    return inside * (0.72 + 0.28 * np.sqrt(np.clip(1 - cage, 0, 1)))


def attenuation(patient: Anatomy, heart: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Attenuation of the healthy chest: float32 (ROWS, COLUMNS), 0 … about 2; `rng` places the vessels in `lung`."""
    body_width = 0.2 + (patient.lung_width + 0.10 + patient.fat - 0.2) * _rise((_Y + 1.02) / 0.42)
    depth = np.sqrt(np.clip(1 - (_X / body_width) ** 2, 0, 1))
    below = _within(patient.right_base - _Y, 0.12) * depth
    arms = _arms(patient)
    total = (0.80 + patient.fat) * depth + arms - 0.60 * lung * np.sqrt(depth)
    total += 0.12 * heart + 0.10 * below + _airways(patient) + _spine() + _bones(patient, depth + arms)
    total += 0.10 * patient.vessels * _vessels(rng) * lung
    if patient.bubble:
        total -= 0.25 * _ellipse(0.36, patient.right_base + 0.17, 0.17 * patient.bubble, 0.08 * patient.bubble)
    return np.maximum(total, 0)


def _within(distance: np.ndarray, softness: float) -> np.ndarray:
    """1 where `distance` is well below 0, 0 where it is well above 0, with a smooth transition."""
    return _rise(0.5 - distance / (2 * softness))


def _rise(t: np.ndarray) -> np.ndarray:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def _ellipse(x: float, y: float, width: float, height: float) -> np.ndarray:
    return _within(((_X - x) / width) ** 2 + ((_Y - y) / height) ** 2 - 1, 0.3)


def _cage(patient: Anatomy, top: float) -> np.ndarray:
    """Below 1 inside the rib cage, above 1 outside; straight walls below the widest point."""
    upper = np.minimum(_Y - 0.2, 0) / (0.2 - top)
    return _SIDE**2.3 / patient.lung_width**2.3 + np.abs(upper) ** 2.3


def _rod(start: tuple[float, float], end: tuple[float, float], radius: float) -> np.ndarray:
    """A limb or long bone in both halves of the body: depth 0 … 1 of its circular cross-section."""
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    along = np.clip(((_SIDE - x) * dx + (_Y - y) * dy) / (dx * dx + dy * dy), 0, 1)
    distance = np.hypot(_SIDE - x - along * dx, _Y - y - along * dy)
    return np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1))


def _arms(patient: Anatomy) -> np.ndarray:
    shoulder = patient.lung_width + 0.13 + patient.fat
    soft_tissue = _rod((shoulder, -0.55), (shoulder + 0.24, 1.1), 0.15)
    bone = _rod((shoulder, -0.55), (shoulder + 0.24, 1.1), 0.05)
    return 0.45 * soft_tissue + 0.30 * bone


def _airways(patient: Anatomy) -> np.ndarray:
    trachea = 0.20 * _within(_SIDE - 0.034, 0.02) * _within(_Y + 0.30, 0.05)
    return -trachea - 0.09 * _rod((0.0, -0.30), (0.17, -0.08), 0.04)


def _spine() -> np.ndarray:
    column = _within(_SIDE - 0.085, 0.02)
    bodies = 0.5 + 0.5 * np.tanh(3 * np.cos(2 * np.pi * _Y / 0.125) + 1.5)
    return column * (0.10 + 0.09 * bodies)


def _bones(patient: Anatomy, soft_tissue: np.ndarray) -> np.ndarray:
    bow = _SIDE / patient.lung_width
    caged = _within(_cage(patient, patient.lung_top - 0.06) - 1.18, 0.08) * _within(_Y - 0.78, 0.1)
    behind = _ribs(_Y - patient.rib_slope * bow - 0.24 * bow * bow * bow * bow, patient, 0.034)
    before = _ribs(_Y + 0.45 * bow - 0.10 * bow * bow * bow, patient, 0.042)
    ribs = behind * _within(0.06 - _SIDE, 0.02) + 0.40 * before * _within(0.26 - _SIDE, 0.08)
    along = np.clip((_SIDE - 0.07) / 0.78, 0, 1)
    wave = patient.clavicle_y - 0.12 * along + 0.045 * np.sin(2 * np.pi * along)
    clavicle = _tube(_Y - wave, 0.034) * _within(np.abs(_SIDE - 0.46) - 0.40, 0.02)
    scapula = _within(((_SIDE - patient.lung_width - 0.03) / 0.2) ** 2 + ((_Y + 0.3) / 0.34) ** 2 - 1, 0.25)
    shoulder = _rod((patient.lung_width + 0.13, -0.60), (patient.lung_width + 0.15, -0.56), 0.10)
    skeleton = patient.rib_strength * ribs * caged + 0.17 * clavicle + 0.08 * scapula + 0.16 * shoulder
    # Bone is visible only inside soft tissue.
    return skeleton * np.minimum(1, 4 * soft_tissue)


def _ribs(level: np.ndarray, patient: Anatomy, radius: float) -> np.ndarray:
    """Bones repeated at equal distances of `level`."""
    turns = level / patient.rib_spacing + patient.rib_phase
    return _tube((turns - np.round(turns)) * patient.rib_spacing, radius)


def _tube(distance: np.ndarray, radius: float) -> np.ndarray:
    """A hollow bone, whose cortex is brighter than its center."""
    share = np.abs(distance) / radius
    return _within(share - 1, 0.22) * (0.65 + 0.35 * np.minimum(share, 1) ** 2)


def _vessels(rng: np.random.Generator) -> np.ndarray:
    """Vessels that branch from both hila and become thinner outwards; 0 … 1."""
    canvas = Image.new("L", (COLUMNS, ROWS), 0)
    pen = ImageDraw.Draw(canvas)
    for side in (-1, 1):
        for _ in range(10):
            x, y = side * rng.uniform(0.13, 0.20), rng.uniform(-0.12, 0.14)
            heading = rng.uniform(-1.25, 1.35)
            _branch(pen, rng, x, y, heading, side, 2.6)
    return np.asarray(canvas, dtype=np.float32) / 255


def _branch(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, heading: float, side: int, width: float
) -> None:
    while width > 0.7:
        heading += rng.normal(0, 0.16)
        step = 0.05 + 0.02 * width
        ahead = (x + side * step * np.cos(heading), y + step * np.sin(heading))
        line = [_pixel(x, y), _pixel(*ahead)]
        pen.line(line, fill=int(min(255, 95 * width)), width=max(1, round(width)))
        x, y, width = *ahead, width * 0.84
        if width > 1.1 and rng.random() < 0.35:
            _branch(pen, rng, x, y, heading + rng.choice([-0.6, 0.6]), side, width * 0.7)


def _pixel(x: float, y: float) -> tuple[float, float]:
    return ((x / HALF_WIDTH + 1) * COLUMNS / 2, (y / HALF_HEIGHT + 1) * ROWS / 2)
