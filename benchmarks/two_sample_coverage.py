"""How often the 95 % interval of the two-sample AUC contains its mean, on normal features of two sets of images.

    python benchmarks/two_sample_coverage.py [--repetitions 500] [--seed 0]

Without a shift the mean is 0.5; with a shift it is the mean over the repetitions. `independent tests` is the interval
without the correction for folds that share training images (Nadeau & Bengio 2003).
"""

import argparse

import numpy as np

from ganbal.metrics.two_sample import area_interval, two_sample_auc

CASES = ((20, 8, 0.0), (100, 8, 0.0), (400, 8, 0.0), (100, 64, 0.0), (400, 64, 0.0), (100, 8, 0.5), (400, 64, 0.3))
"""Images per side, dimensions, shift of two dimensions in standard deviations."""


def main() -> None:
    options = parse_options()
    print("| images per side, dims, shift | mean AUC | sd | independent tests | corrected for folds | entirely below |")
    print("|---|---|---|---|---|---|")
    for number, dims, shift in CASES:
        rng = np.random.default_rng([options.seed, number, dims, round(100 * shift)])
        found = [measure(number, dims, shift, rng) for _ in range(options.repetitions)]
        values = np.array([area.value for area in found])
        mean = values.mean() if shift else 0.5
        plain = [area_interval(value, number, number) for value in values]
        corrected = [(area.low, area.high) for area in found]
        below = np.mean([high < mean for _, high in corrected])
        print(
            f"| {number}, {dims}, {shift} | {values.mean():.3f} | {values.std(ddof=1):.3f} "
            f"| {coverage(plain, mean):.1%} | {coverage(corrected, mean):.1%} | {below:.1%} |",
            flush=True,
        )


def measure(number: int, dims: int, shift: float, rng: np.random.Generator):
    """The AUC of two normal sets, the second with the shift in its first two dimensions."""
    real, synthetic = (rng.normal(size=(number, dims)) for _ in range(2))
    synthetic[:, :2] += shift
    return two_sample_auc(real, synthetic, generator=rng)


def coverage(intervals: list[tuple[float, float]], mean: float) -> float:
    return float(np.mean([low <= mean <= high for low, high in intervals]))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
