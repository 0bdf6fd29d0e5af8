"""The papers that a run's methods come from."""

from collections.abc import Mapping
from typing import Any

from ganbal.report.run_reader import RunFiles

_REFERENCES = {
    "dcgan": "Radford A, Metz L, Chintala S. Unsupervised representation learning with deep convolutional generative "
    "adversarial networks. ICLR 2016. arXiv:1511.06434.",
    "diffaugment": "Zhao S, Liu Z, Lin J, Zhu J-Y, Han S. Differentiable augmentation for data-efficient GAN training. "
    "NeurIPS 2020. arXiv:2006.10738.",
    "r1": "Mescheder L, Geiger A, Nowozin S. Which training methods for GANs do actually converge? ICML 2018. "
    "arXiv:1801.04406.",
    "spectral": "Miyato T, Kataoka T, Koyama M, Yoshida Y. Spectral normalization for generative adversarial networks. "
    "ICLR 2018. arXiv:1802.05957.",
    "minibatch_stddev": "Karras T, Aila T, Laine S, Lehtinen J. Progressive growing of GANs for improved quality, "
    "stability, and variation. ICLR 2018. arXiv:1710.10196.",
    "fid": "Heusel M, Ramsauer H, Unterthiner T, Nessler B, Hochreiter S. GANs trained by a two time-scale update rule "
    "converge to a local Nash equilibrium. NeurIPS 2017. arXiv:1706.08500.",
    "kid": "Bińkowski M, Sutherland DJ, Arbel M, Gretton A. Demystifying MMD GANs. ICLR 2018. arXiv:1801.01401.",
    "vgg16": "Simonyan K, Zisserman A. Very deep convolutional networks for large-scale image recognition. ICLR 2015. "
    "arXiv:1409.1556.",
    "smote": "Chawla NV, Bowyer KW, Hall LO, Kegelmeyer WP. SMOTE: synthetic minority over-sampling technique. Journal "
    "of Artificial Intelligence Research 2002;16:321-357.",
    "mcc": "Matthews BW. Comparison of the predicted and observed secondary structure of T4 phage lysozyme. Biochimica "
    "et Biophysica Acta 1975;405:442-451.",
    "brier": "Brier GW. Verification of forecasts expressed in terms of probability. Monthly Weather Review "
    "1950;78:1-3.",
    "ece": "Guo C, Pleiss G, Sun Y, Weinberger KQ. On calibration of modern neural networks. ICML 2017. "
    "arXiv:1706.04599.",
    "youden": "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35.",
    "banerjee": "Banerjee SK. Approximate confidence interval for linear functions of means of k populations when the "
    "population variances are not equal. Sankhya 1960;22:357-358.",
    "bootstrap": "Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993.",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
    "1979;6:65-70.",
    "mcnemar": "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika 1947;12:153-157.",
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver "
    "operating characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845.",
}


def cited_references(run: RunFiles) -> list[str]:
    """The papers behind what this run did, in the order in which the paragraph comes to them."""
    gan = run.config.get("gan") or {}
    metrics = {str(score.get("metric")) for score in (run.scores or {}).get("scores", [])}
    names = {str(c["name"]) for c in (run.summary or {}).get("classifiers", [])}
    trained = run.training is not None
    wanted = {
        "dcgan": trained,
        "diffaugment": trained and bool((run.training or {}).get("augment")),
        "r1": trained and bool(gan.get("r1_gamma")),
        "spectral": trained and is_spectral(gan),
        "minibatch_stddev": trained and bool(gan.get("minibatch_stddev")),
        "fid": any("fid" in metric.lower() for metric in metrics),
        "kid": any("kid" in metric.lower() for metric in metrics),
        "vgg16": "vgg16" in names,
        **_of_the_study(run.summary or {}),
    }
    return [_REFERENCES[key] for key, is_cited in wanted.items() if is_cited]


def is_spectral(gan: Mapping[str, Any]) -> bool:
    return gan.get("discriminator_norm") == "spectral"


def _of_the_study(summary: Mapping[str, Any]) -> dict[str, bool]:
    metrics = {str(row["metric"]) for row in summary.get("differences") or []}
    rows = summary.get("pairs") or []
    return {
        "smote": "smote" in (summary.get("arms") or []),
        **{name: name in metrics for name in ("mcc", "brier", "ece")},
        "youden": any(metric.endswith("_chosen") for metric in metrics),
        "banerjee": "Banerjee" in str(summary.get("interval_method")),
        "bootstrap": bool(summary.get("patient_draws")),
        "holm": any(row.get("p_holm") is not None for row in summary.get("differences") or []),
        "mcnemar": any(row.get("mcnemar") for row in rows),
        "delong": any(row.get("delong") for row in rows),
    }
