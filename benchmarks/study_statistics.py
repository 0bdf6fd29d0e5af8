"""Error rates of the study's statistics on simulated studies whose true difference is known.

OMP_NUM_THREADS=1 python benchmarks/study_statistics.py [--studies 800] [--seed 0]

Each simulated study has a test set of 624 images of 400 patients and two arms trained with the same seeds. The score of
an image is a sum of normal components: its class, the difficulty of its patient and its own (the same for both arms),
the effect of an arm on a patient (the same for all seeds), the effect of a training on a class (partly shared by both
arms) and noise. The true difference between two arms, over all trainings and all patients, follows from a formula.
The components are sized after the differences measured on the chest X-rays.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ganbal.study.statistics.bootstrap import Difference, draw_patients, paired_difference
from ganbal.study.statistics.holm import holm
from ganbal.study.statistics.weighted_metrics import weighted_roc_auc
from ganbal.study.verdict import SIGNIFICANCE, verdict_of

NUM_IMAGES, NUM_PATIENTS, SHARE_ILL = 624, 400, 0.625
TEST_SETS, DRAWS, AREA_DRAWS = 12, 1000, 200
# Standard deviations in units of the score; class means give a recall of 0.5 and 0.95.
EASE_OF_PATIENT, EASE_OF_IMAGE, TASTE, NOISE = 0.8, 0.5, 0.3, 0.4
MEANS = (0.0, 1.8)
SEED_COUNTS = (3, 5, 10)
ARMS_OF_A_FAMILY = 6
# Slow parts use this many times fewer studies.
AREA_PART, FAMILY_PART = 4, 2
RULE_DRAWS = 200_000


@dataclass(frozen=True)
class World:
    """Variation between trainings: `of_seed` shared by both arms, `of_arm` independent in each."""

    name: str
    of_seed: float
    of_arm: float

    @property
    def variance_of_a_training(self) -> float:
        return self.of_seed**2 + self.of_arm**2

    @property
    def variance_of_an_image(self) -> float:
        return EASE_OF_PATIENT**2 + EASE_OF_IMAGE**2 + TASTE**2 + NOISE**2


WORLDS = (World("trainings vary much", 0.3, 0.22), World("both", 0.1, 0.08), World("patients vary most", 0.03, 0.02))


@dataclass(frozen=True)
class TestImages:
    """Patients of the test images, and how often each image counts per bootstrap sample: (DRAWS, NUM_IMAGES)."""

    patient: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Metric:
    """`effect` is the true difference when `shift` lowers the second arm's scores of class 0."""

    name: str
    of_study: Callable[[np.ndarray, np.ndarray, TestImages], Difference]
    effect: Callable[[World, float], float]


def main() -> None:
    options = parse_options()
    start = time.process_time()
    random = np.random.default_rng(options.seed)
    test_sets = [make_test_images(random) for _ in range(TEST_SETS)]
    print(f"{options.studies} studies a row, {NUM_IMAGES} images of {NUM_PATIENTS} patients, seed {options.seed}.")
    print("sd: of the difference over seeds; error: of its mean over studies; both and the effects in points.")
    for share, studies in ((0.05, options.studies), (0.8, options.studies), (0.05, options.studies // AREA_PART)):
        print(
            f"A true share of {share:.0%} in {studies} studies: ± {100 * (share * (1 - share) / studies) ** 0.5:.1f} %"
        )
    print(
        f"\n{'':45}{'no effect':^31} |{'effect planted':^22}\n{'metric':18}{'world':21}{'seeds':>5}"
        f"{'sd':>6}{'error':>7}{'helps':>8}{'hurts':>7}{'covered':>9} |{'effect':>7}{'covered':>8}{'found':>7}"
    )
    for metric, studies, worlds in (
        (BALANCED_ACCURACY, options.studies, WORLDS),
        (ROC_AUC, options.studies // AREA_PART, WORLDS[1:2]),
    ):
        for world in worlds:
            for seeds in SEED_COUNTS:
                print(row(metric, world, seeds, studies, test_sets, random), flush=True)
    print()
    for seeds in SEED_COUNTS:
        print(family_row(WORLDS[1], seeds, options.studies // FAMILY_PART, test_sets, random), flush=True)
    print()
    for seeds in SEED_COUNTS:
        print(rules_row(seeds, random), flush=True)
    print(f"\n{time.process_time() - start:.0f} s of one core")


def row(
    metric: Metric, world: World, seeds: int, studies: int, test_sets: Sequence[TestImages], random: np.random.Generator
) -> str:
    """Studies without an effect, then with the effect that those reported as the smallest detectable one."""
    without = [simulate(metric, world, seeds, 0.0, test_sets, random) for _ in range(studies)]
    wanted = float(np.sqrt(np.mean([found.smallest_detectable(SIGNIFICANCE) ** 2 for found in without])))
    shift = float(optimize.brentq(lambda shift: metric.effect(world, shift) - wanted, 0, 20))
    planted = [simulate(metric, world, seeds, shift, test_sets, random) for _ in range(studies)]
    words = [verdict_of(found.mean, found.p_value) for found in without]
    found_it = np.mean([verdict_of(found.mean, found.p_value) == "helps" for found in planted])
    spread = np.sqrt(np.mean([found.sd**2 for found in without]))
    error = np.std([found.mean for found in without])
    return (
        f"{metric.name:18}{world.name:21}{seeds:5d}{100 * spread:6.2f}{100 * error:7.2f}"
        f"{words.count('helps') / studies:8.1%}{words.count('hurts') / studies:7.1%}{coverage(without, 0.0):9.1%} |"
        f"{100 * wanted:7.2f}{coverage(planted, wanted):8.1%}{found_it:7.1%}"
    )


def family_row(
    world: World, seeds: int, studies: int, test_sets: Sequence[TestImages], random: np.random.Generator
) -> str:
    """How often any of several arms without effect gets a verdict, before and after Holm's correction."""
    plain, corrected = 0, 0
    for _ in range(studies):
        images = test_sets[random.integers(len(test_sets))]
        labels, scores = make_scores(world, images, seeds, [0.0] * (ARMS_OF_A_FAMILY + 1), random)
        p_values = [
            BALANCED_ACCURACY.of_study(labels, scores[[0, arm]], images).p_value
            for arm in range(1, ARMS_OF_A_FAMILY + 1)
        ]
        plain += min(p_values) <= 0.05
        corrected += min(holm(p_values)) <= 0.05
    return (
        f"{ARMS_OF_A_FAMILY} arms without effect, {seeds:2d} seeds: any difference claimed in {plain / studies:.1%} of "
        f"studies uncorrected, {corrected / studies:.1%} after Holm"
    )


def rules_row(seeds: int, random: np.random.Generator) -> str:
    """Lowest coverage over all ratios of two estimated variances of normal means, by two rules."""
    worst = {"Welch-Satterthwaite": 1.0, "Banerjee": 1.0}
    freedoms = np.array([seeds - 1, NUM_PATIENTS - 1])
    quantiles = stats.t.ppf(0.975, freedoms)
    for share in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0):
        true = np.array([share, 1 - share])
        found = true * random.chisquare(freedoms, (RULE_DRAWS, 2)) / freedoms
        total, size = found.sum(axis=1), np.abs(random.normal(size=RULE_DRAWS))
        freedom = total**2 / (found**2 / freedoms).sum(axis=1)
        reaches = {
            "Welch-Satterthwaite": stats.t.ppf(0.975, freedom) * np.sqrt(total),
            "Banerjee": np.sqrt((quantiles**2 * found).sum(axis=1)),
        }
        for rule, reach in reaches.items():
            worst[rule] = min(worst[rule], float((size <= reach).mean()))
    least = ", ".join(f"{rule} {share:.1%}" for rule, share in worst.items())
    return f"least coverage whatever the variances, {seeds:2d} seeds: {least} (± 0.05 %)"


def coverage(found: Sequence[Difference], truth: float) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def simulate(
    metric: Metric,
    world: World,
    seeds: int,
    shift: float,
    test_sets: Sequence[TestImages],
    random: np.random.Generator,
) -> Difference:
    images = test_sets[random.integers(len(test_sets))]
    labels, scores = make_scores(world, images, seeds, [0.0, shift], random)
    return metric.of_study(labels, scores, images)


def make_test_images(random: np.random.Generator) -> TestImages:
    patient = np.append(np.arange(NUM_PATIENTS), random.integers(0, NUM_PATIENTS, NUM_IMAGES - NUM_PATIENTS))
    weights = draw_patients([f"{number:03d}" for number in patient], DRAWS, random)
    return TestImages(patient, weights)


def make_scores(
    world: World, images: TestImages, seeds: int, shifts: Sequence[float], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) labels and (arms, seeds, N) scores; above 0, class 1 is predicted. The first arm is the baseline."""
    arms = len(shifts)
    labels = (random.random(NUM_PATIENTS) < SHARE_ILL).astype(np.int64)[images.patient]
    ease = random.normal(0, EASE_OF_PATIENT, NUM_PATIENTS)[images.patient] + random.normal(0, EASE_OF_IMAGE, NUM_IMAGES)
    taste = random.normal(0, TASTE, (arms, 1, NUM_PATIENTS))[:, :, images.patient]
    trainings = random.normal(0, world.of_seed, (1, seeds, 2)) + random.normal(0, world.of_arm, (arms, seeds, 2))
    noise = random.normal(0, NOISE, (arms, seeds, NUM_IMAGES))
    lowered = np.asarray(shifts)[:, None, None] * (labels == 0)
    return labels, np.asarray(MEANS)[labels] + ease + taste + trainings[:, :, labels] + noise - lowered


def _balanced_accuracy(labels: np.ndarray, scores: np.ndarray, images: TestImages) -> Difference:
    correct = (scores > 0) == labels
    of_class = [correct[:, :, labels == label].mean(axis=2) for label in (0, 1)]
    values = np.mean(of_class, axis=0)  # (2, seeds)
    # The bootstrap samples are the same for all seeds, so the mean over seeds can be taken first.
    gain = correct[1].mean(axis=0) - correct[0].mean(axis=0)
    draws = [images.weights @ (gain * (labels == label)) / (images.weights @ (labels == label)) for label in (0, 1)]
    return paired_difference(values[1], values[0], np.mean(draws, axis=0), NUM_PATIENTS)


def _balanced_accuracy_effect(world: World, shift: float) -> float:
    spread = np.sqrt(world.variance_of_an_image + world.variance_of_a_training)
    return float(stats.norm.cdf((shift - MEANS[0]) / spread) - stats.norm.cdf(-MEANS[0] / spread)) / 2


def _roc_auc(labels: np.ndarray, scores: np.ndarray, images: TestImages) -> Difference:
    weights = np.concatenate([np.ones((1, NUM_IMAGES)), images.weights[:AREA_DRAWS]])
    areas = np.array([[weighted_roc_auc(labels == 1, one, weights) for one in arm] for arm in scores])
    draws = (areas[1] - areas[0]).mean(axis=0)[1:]
    return paired_difference(areas[1, :, 0], areas[0, :, 0], draws, NUM_PATIENTS)


def _roc_auc_effect(world: World, shift: float) -> float:
    """No patient has images of both classes, so two images differ in all components."""
    spread = np.sqrt(2 * (world.variance_of_an_image + world.variance_of_a_training))
    apart = MEANS[1] - MEANS[0]
    return float(stats.norm.cdf((apart + shift) / spread) - stats.norm.cdf(apart / spread))


BALANCED_ACCURACY = Metric("balanced accuracy", _balanced_accuracy, _balanced_accuracy_effect)
ROC_AUC = Metric("ROC-AUC", _roc_auc, _roc_auc_effect)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
