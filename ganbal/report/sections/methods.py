"""What was done, as a paragraph for a paper, written from the settings and facts of the run."""

from collections.abc import Mapping
from typing import Any

from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Block, Code, Paragraph, Section
from ganbal.report.run_files import RunFiles

_REFERENCES = {
    "dcgan": "Radford A, Metz L, Chintala S. Unsupervised representation learning with deep convolutional generative "
    "adversarial networks. ICLR 2016. arXiv:1511.06434.",
    "diffaugment": "Zhao S, Liu Z, Lin J, Zhu J-Y, Han S. Differentiable augmentation for data-efficient GAN training. "
    "NeurIPS 2020. arXiv:2006.10738.",
    "r1": "Mescheder L, Geiger A, Nowozin S. Which training methods for GANs do actually converge? ICML 2018. "
    "arXiv:1801.04406.",
    "spectral": "Miyato T, Kataoka T, Koyama M, Yoshida Y. Spectral normalization for generative adversarial networks. "
    "ICLR 2018. arXiv:1802.05957.",
    "fid": "Heusel M, Ramsauer H, Unterthiner T, Nessler B, Hochreiter S. GANs trained by a two time-scale update rule "
    "converge to a local Nash equilibrium. NeurIPS 2017. arXiv:1706.08500.",
    "kid": "Bińkowski M, Sutherland DJ, Arbel M, Gretton A. Demystifying MMD GANs. ICLR 2018. arXiv:1801.01401.",
    "vgg16": "Simonyan K, Zisserman A. Very deep convolutional networks for large-scale image recognition. ICLR 2015. "
    "arXiv:1409.1556.",
}


def methods_section(run: RunFiles) -> Section:
    """The paragraph and its references."""
    parts = [part for part in (_data(run), _generator(run), _scores(run), _study(run), _software(run)) if part]
    references = [_REFERENCES[key] for key in _cited(run)]
    blocks: list[Block] = [
        Paragraph("Written from this run's settings, to be pasted into a paper and adapted."),
        Code("Paragraph", " ".join(parts) or "Nothing has been done yet.", prose=True),
    ]
    if references:
        blocks.append(Code("References", "\n".join(references), prose=True))
    return Section("methods", "Methods", "Methods", blocks)


def _data(run: RunFiles) -> str:
    data = run.data
    if data is None:
        return ""
    drawn = " (drawn by a program, not photographed)" if run.is_phantom else ""
    splits = [
        f"{split} ({', '.join(f'{count(n)} {name}' for name, n in by_class.items())})"
        for split, by_class in data["counts"].items()
        if split != "unused" and sum(by_class.values())
    ]
    rule = f" {data['validation_rule']}" if data.get("validation_rule") else ""
    return f"Images of the set {run.set_name}{drawn} were split into {listing(splits)}.{rule}"


def _generator(run: RunFiles) -> str:
    facts, gan = run.training, run.config.get("gan") or {}
    if facts is None:
        return ""
    size = facts["image_size_px"]
    text = (
        f"A deep convolutional generative adversarial network (DCGAN, Radford et al. 2016) was trained on the "
        f"{count(facts.get('num_images'))} training images of {facts['class_name']} only, in grey at {size} × {size} "
        f"pixels, for {count(facts['steps'])} steps of each network"
    )
    details = [
        _detail(gan, "batch_size", "batch size {}"),
        _detail(gan, "latent_dim", "latent dimension {}"),
        _detail(gan, "base_channels", "{} channels next to the image"),
        _detail(gan, "loss", "{} loss"),
        "spectral normalisation of the discriminator (Miyato et al. 2018)" if _is_spectral(gan) else "",
        f"R1 penalty of weight {gan['r1_gamma']:g} (Mescheder et al. 2018)" if gan.get("r1_gamma") else "",
        _detail(gan, "learning_rate", "Adam with learning rate {:g}")
        + _detail(gan, "discriminator_learning_rate", " (discriminator {:g})")
        + _detail(gan, "adam_beta1", " and β1 = {:g}"),
    ]
    listed = "; ".join(detail for detail in details if detail)
    text += f" ({listed})." if listed else "."
    augment = facts.get("augment") or []
    if augment:
        text += (
            f" The discriminator saw real and synthetic images under differentiable augmentation "
            f"({listing([str(name) for name in augment])}; Zhao et al. 2020)."
        )
    if gan.get("ema_half_life_images"):
        half_life = count(gan["ema_half_life_images"])
        text += f" Images were drawn from a moving average of the generator (half-life {half_life} images)."
    if run.manifest is not None:
        text += f" {plural(len(run.manifest), 'synthetic image')} of {facts['class_name']} were drawn."
    return text


def _scores(run: RunFiles) -> str:
    scored = [
        f"{score.get('title') or score['metric']} ({count(score.get('n_real'))} real and "
        f"{count(score.get('n_synthetic'))} synthetic images{_features(score)})"
        for score in (run.scores or {}).get("scores", [])
    ]
    if not scored:
        return ""
    return (
        f"Synthetic images were compared with real ones by {listing(scored)}; where possible each score was set beside "
        "the same score between parts of the real images."
    )


def _features(score: dict[str, Any]) -> str:
    extractor = score.get("extractor") or {}
    if not extractor.get("name"):
        return ""
    dims = f", {extractor['dims']} dimensions" if extractor.get("dims") else ""
    resize = f", resize: {extractor['resize']}" if extractor.get("resize") else ""
    return f"; features: {extractor['name']}{dims}{resize}"


def _study(run: RunFiles) -> str:
    summary, settings = run.summary, run.config.get("study") or {}
    if summary is None:
        return ""
    models = listing([f"{c['title']} ({c['image_size_px']} px{_weights(c)})" for c in summary["classifiers"]])
    seeds, steps = len(summary["seeds"]), summary.get("steps")
    stopped = (
        "the test images, as in the report reproduced"
        if summary.get("protocol") == "documents"
        else ("the validation images")
    )
    details = [
        _detail(settings, "batch_size", "batch size {}"),
        _detail(settings, "learning_rate", "learning rate {:g}"),
        _detail(settings, "augment", "augmentation: {}"),
        _detail(settings, "patience", "early stopping after {} checks without improvement"),
    ]
    listed = "; ".join(detail for detail in details if detail)
    arms = listing([str(arm) for arm in summary["arms"]])
    method = summary.get("interval_method") or _interval_method(summary)
    covers = f" They cover {summary['interval_covers']}." if summary.get("interval_covers") else ""
    confidence = f"{100 * float(summary.get('confidence') or 0.95):g} %"
    return (
        f"Each of the classifiers {models} was trained on each training set ({arms}) with {plural(seeds, 'seed')}, "
        f"with Adam for at most {count(steps)} optimiser steps in every arm{f' ({listed})' if listed else ''}; "
        f"training was stopped by the loss on {stopped}. "
        f"All were tested on the same {count(summary.get('num_test'))} images. "
        f"Differences to the arm {summary.get('baseline_arm') or 'imbalanced'} are given with {confidence} intervals "
        f"({method}).{covers}"
    )


def _interval_method(summary: Mapping[str, Any]) -> str:
    draws, patients = summary.get("patient_draws"), summary.get("num_test_patients")
    if not draws or not patients:
        return "paired by seed"
    return f"paired by seed, with {count(draws)} bootstrap draws of the {count(patients)} test patients"


def _weights(classifier: dict[str, Any]) -> str:
    words = {"imagenet": ", ImageNet weights", "none": ", not pretrained", "file": ", pretrained weights"}
    return words.get(str(classifier.get("pretrained")), "")


def _software(run: RunFiles) -> str:
    provenance = run.provenance
    if not provenance.get("ganbal_version"):
        return ""
    torch = (provenance.get("versions") or {}).get("torch")
    with_torch = f" with PyTorch {torch}" if torch else ""
    return f"All was done with ganbal {provenance['ganbal_version']}{with_torch}, seed {provenance.get('seed')}."


def _cited(run: RunFiles) -> list[str]:
    gan = run.config.get("gan") or {}
    metrics = {str(score.get("metric")) for score in (run.scores or {}).get("scores", [])}
    names = {str(c["name"]) for c in (run.summary or {}).get("classifiers", [])}
    trained = run.training is not None
    wanted = {
        "dcgan": trained,
        "diffaugment": trained and bool((run.training or {}).get("augment")),
        "r1": trained and bool(gan.get("r1_gamma")),
        "spectral": trained and _is_spectral(gan),
        "fid": any("fid" in metric.lower() for metric in metrics),
        "kid": any("kid" in metric.lower() for metric in metrics),
        "vgg16": "vgg16" in names,
    }
    return [key for key, is_cited in wanted.items() if is_cited]


def _is_spectral(gan: dict[str, Any]) -> bool:
    return gan.get("discriminator_norm") == "spectral"


def _detail(settings: dict[str, Any], name: str, form: str) -> str:
    value = settings.get(name)
    return "" if value is None else form.format(value)
