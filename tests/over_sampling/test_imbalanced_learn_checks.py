"""The checks that imbalanced-learn runs over every sampler of its own."""

import pytest

from ganbal import GANOverSampler

checks = pytest.importorskip("imblearn.utils.estimator_checks", reason='needs `pip install "ganbal[smote]"`')
base = pytest.importorskip("imblearn.over_sampling.base")

# The checks ask for the class of a sampler to know what it should do. It follows the interface without inheriting it.
base.BaseOverSampler.register(GANOverSampler)

TINY = {"base_channels": 4, "latent_dim": 4, "batch_size": 4, "steps": 1, "score_every_steps": 1, "score_images": 8}
SAMPLER = GANOverSampler(random_state=0, gan=TINY, image_shape=(1, -1), device="cpu")
"""The checks give vectors of a few Gaussian numbers: images of a single row."""

NOT_APPLICABLE = {
    "check_samplers_sparse": "images are dense; a sparse matrix is refused with advice",
    "check_samplers_string": "images are numbers",
    "check_samplers_nan": "every pixel has a value",
}
"""Checks of input that the tags of the sampler rule out, so that imbalanced-learn does not carry them out."""

CHECKS = {check.func.__name__: check for _, check in checks.estimator_checks_generator(SAMPLER)}


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_imbalanced_learn(name, one_torch_thread):
    CHECKS[name](SAMPLER)


def test_the_checks_that_are_not_carried_out_are_those_that_do_not_apply():
    everything = {name for name in vars(checks) if name.startswith("check_sampler")} | {"check_target_type"}
    assert everything - CHECKS.keys() == NOT_APPLICABLE.keys()
