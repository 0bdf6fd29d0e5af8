"""The pretrained weights that a study's classifiers start from."""

from classifiers.registry import find_model
from ganbal.config import StudyConfig
from ganbal.runtime.download import Download


def download_of_classifier(name: str, study: StudyConfig) -> Download | None:
    """The public weights of the classifier's backbone; None where it starts from none or from a file."""
    public = find_model(name).public_weights
    if public is None or study.weights_of(name) != "imagenet":
        return None
    what = f"the ImageNet weights of {public.network}"
    return Download(what, public.url, public.cached_file, public.sha256_start)
