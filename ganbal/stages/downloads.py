"""The weights that a command needs and that are not here yet, downloaded before its work starts."""

from collections.abc import Iterator, Sequence

from ganbal.config import Config
from ganbal.metrics.features.registry import download_of_extractor
from ganbal.runtime.console import Console
from ganbal.runtime.download import Download, fetch
from ganbal.stages.requirements import Requirement
from ganbal.study.weights import download_of_classifier


def fetch_missing(config: Config, requirements: Sequence[Requirement], console: Console) -> None:
    """Download what is missing, each file announced with its name and size.

    Raises:
        InputError: a download fails.
    """
    for download in _needed(config, requirements):
        fetch(download, console)


def _needed(config: Config, requirements: Sequence[Requirement]) -> Iterator[Download]:
    if Requirement.SCORE in requirements and (download := download_of_extractor(config.score)) is not None:
        yield download
    for name in config.study.classifiers if Requirement.STUDY in requirements else ():
        if (download := download_of_classifier(name, config.study)) is not None:
            yield download
