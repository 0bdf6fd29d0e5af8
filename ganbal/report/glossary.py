"""Terms that a reader may not know, each with its definition."""

import re

TERMS = {
    "arm": "One way of building the training set, such as “imbalanced” (real images only) or “gan” (real and synthetic "
    "images).",
    "cell": "One training of one classifier on one arm with one seed, and its test predictions.",
    "seed": "The start of the random numbers of a training. Several seeds show how much results vary by chance alone.",
    "points": "Hundredths: a metric that rises from 0.80 to 0.85 rises by 5 points.",
    "interval": "The range that most likely contains the true value. A difference whose interval contains 0 may be "
    "chance.",
    "balanced accuracy": "The mean of the recalls of all classes, so that a large class does not outweigh a small one; "
    "0.5 "
    "is chance for two classes.",
    "recall": "The share of a class's images that the classifier finds. Of a positive class it is also called "
    "sensitivity.",
    "precision": "Of the images predicted as a class, the share that belongs to it. As a score of synthetic images: "
    "the "
    "share that looks like a real image.",
    "ROC-AUC": "The probability that a positive image gets a higher predicted probability than a negative one. It does "
    "not "
    "depend on a threshold; 0.5 is chance, 1 is perfect.",
    "PR-AUC": "The area under the precision-recall curve of the positive class; chance is the share of that class.",
    "MCC": "Matthews correlation coefficient between true and predicted class: 0 is chance, 1 is perfect.",
    "Brier score": "The mean squared error of the predicted probabilities; lower is better.",
    "calibration error": "How far predicted probabilities are from observed frequencies, on average; lower is better.",
    "Holm": "Correction of p-values for the number of comparisons made: without it, one in twenty comparisons of equal "
    "arms "
    "would look like a difference.",
    "McNemar": "A test of whether two arms classify different images correctly.",
    "DeLong": "A test of whether two ROC-AUCs on the same images differ.",
    "floor": "What real images score against other real images. No generator is expected to score better.",
    "FID": "Fréchet inception distance between real and synthetic images; lower is better. It depends on the number of "
    "images and on the feature extractor, so that values compare only under equal conditions.",
    "KID": "Kernel inception distance: like FID, without its bias for small numbers of images; lower is better.",
    "two-sample AUC": "How well a simple classifier separates synthetic from real images: 0.5 is best, at 1 it always "
    "can.",
    "Grad-CAM": "A heat map of the image regions that raise the probability of the predicted class.",
}
"""Term → meaning; the order of the glossary."""

_FORMS = {
    "arms": "arm",
    "cells": "cell",
    "seeds": "seed",
    "point": "points",
    "intervals": "interval",
    "floors": "floor",
}
PATTERN = re.compile(
    r"(?<![\w-])(" + "|".join(map(re.escape, sorted([*TERMS, *_FORMS], key=len, reverse=True))) + r")(?![\w-])",
    re.IGNORECASE,
)
_BY_LOWER_CASE = {term.lower(): term for term in TERMS}


def term_of(words: str) -> str:
    """The term that these words are a form of: `Arms` → `arm`."""
    return _BY_LOWER_CASE[_FORMS.get(words.lower(), words.lower())]


def explanation_of(title: str) -> str | None:
    """The meaning of the first term in a heading; None where it has none."""
    found = PATTERN.search(title)
    return TERMS[term_of(found[0])] if found else None
