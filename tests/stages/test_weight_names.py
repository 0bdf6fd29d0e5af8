import pytest

from classifiers.errors import ClassifierInputError
from ganbal.config import load_config
from ganbal.stages.requirements import check_weight_names


def test_weights_of_an_unknown_classifier_are_refused_with_a_suggestion():
    check_weight_names(load_config(None, ["study.weights=none"]).study)
    check_weight_names(load_config(None, ["study.weights={vgg16: none, 'transfer:resnet18': none}"]).study)
    with pytest.raises(ClassifierInputError, match=r"no classifier 'vgg_16'.*vgg16"):
        check_weight_names(load_config(None, ["study.weights.vgg_16=none"]).study)
