"""What was done, as a paragraph for a paper, written from the settings and files of the run."""

from collections.abc import Mapping
from typing import Any

from ganbal.report.page import Block, Code, Paragraph
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.references import Citations
from ganbal.report.sections.study_methods import setting, study_methods
from ganbal.runtime.number_text import count, listing
from ganbal.runtime.shared_text import color_of

_SCORE_PAPERS = {
    "fid": "fid",
    "fid_infinity": "fid_infinity",
    "kid": "kid",
    "precision": "precision",
    "recall": "precision",
    "density": "density",
    "coverage": "density",
    "authenticity": "authenticity",
    "data_copying": "data_copying",
    "two_sample_auc": "two_sample",
}


def methods_blocks(run: RunFiles) -> list[Block]:
    """The paragraph and the references it cites."""
    cite = Citations()
    parts = (_data(run), _generator(run, cite), _scores(run, cite), study_methods(run, cite), _software(run))
    text = " ".join(part for part in parts if part)
    blocks: list[Block] = [
        Paragraph("Written from this run's settings, to be pasted into a paper and adapted."),
        Code("Paragraph", text or "Nothing has been done yet.", prose=True),
    ]
    references = cite.references()
    return [*blocks, Code("References", "\n".join(references), prose=True)] if references else blocks


def _data(run: RunFiles) -> str:
    data = run.data
    if data is None:
        return ""
    simulated = " (simulated radiographs, not real patients)" if run.is_phantom else ""
    splits = [
        f"{split} ({', '.join(f'{count(n)} {name}' for name, n in by_class.items())})"
        for split, by_class in data["counts"].items()
        if split != "unused" and sum(by_class.values())
    ]
    rule = f" {data['validation_rule']}" if data["validation_rule"] else ""
    return f"Images of the set {run.set_name}{simulated} were split into {listing(splits)}.{rule}"


def _generator(run: RunFiles, cite: Citations) -> str:
    content, gan = run.training, run.config.get("gan") or {}
    if content is None:
        return ""
    classes = listing([one.gan_class or "" for one in (run, *run.other_generators)])
    size = count(content["image_size_px"])
    if content["imported"] is not None:
        return _imported(run, content, classes)
    one_each = ", one network per class" if run.other_generators else ""
    text = (
        f"{_network(gan, cite)} was trained on the training "
        f"images of {classes}{one_each}, in {color_of(content['channels'])} at {size} × {size} pixels, for "
        f"{count(content['steps'])} steps"
    )
    listed = "; ".join(detail for detail in _settings(gan, cite) if detail)
    text += f" ({listed})." if listed else "."
    if (pretraining := content["pretraining"]) is not None:
        text += (
            f" The first {count(pretraining['steps'])} of the steps were on the {count(pretraining['num_images'])} "
            "training images of all classes."
        )
    if content["augment"]:
        text += (
            f" The discriminator received real and synthetic images under differentiable augmentation "
            f"({listing(content['augment'])}; {cite('diffaugment')})."
        )
    if gan.get("ema_half_life_images"):
        half_life = count(gan["ema_half_life_images"])
        text += (
            f" Images were generated with a moving average of the generator's weights (half-life {half_life} images)."
        )
    return text + _synthetic(run)


def _synthetic(run: RunFiles) -> str:
    made = listing([f"{count(number)} of {name}" for name, number in run.synthetic_counts.items()])
    return f" Synthetic images: {made}." if made else ""


def _imported(run: RunFiles, content: Mapping[str, Any], classes: str) -> str:
    seen = "the same" if content["imported"]["same_training_images"] else "other"
    size = count(content["image_size_px"])
    return (
        f"A generator of {classes}, in {color_of(content['channels'])} at {size} × {size} pixels, that had been "
        f"trained elsewhere on {seen} training images was imported.{_synthetic(run)}"
    )


def _network(gan: Mapping[str, Any], cite: Citations) -> str:
    """The kind of network, as the subject of a sentence."""
    if gan.get("generator") != "residual":
        plain = f"A deep convolutional generative adversarial network (DCGAN, {cite('dcgan')})"
        channels = gan.get("full_size_channels")
        layer = f"a further layer of {channels} channels at the size of the images"
        return f"{plain} with {layer} and noise inputs ({cite('stylegan2')})" if channels else plain
    parts = {"output_skips": "an image per resolution", "noise_inputs": "noise inputs"}
    chosen = listing([title for name, title in parts.items() if gan.get(name)])
    texture = f", with {chosen} ({cite('stylegan2')})," if chosen else ""
    return f"A generative adversarial network with a generator of residual blocks ({cite('r3gan')}){texture}"


def _settings(gan: Mapping[str, Any], cite: Citations) -> list[str]:
    loss = setting(gan, "loss", "{} loss")
    return [
        setting(gan, "batch_size", "batch size {}"),
        setting(gan, "latent_dim", "latent dimension {}"),
        setting(gan, "base_channels", "{} channels next to the image"),
        f"{loss} ({cite('hinge')})" if gan.get("loss") == "hinge" else loss,
        _discriminators(gan, cite),
        f"spectral normalization of the discriminator ({cite('spectral')})"
        if gan.get("discriminator_norm") == "spectral"
        else "",
        f"minibatch standard deviation ({cite('progressive')})" if gan.get("minibatch_stddev") else "",
        f"R1 penalty of weight {gan['r1_gamma']:g} ({cite('r1')})" if gan.get("r1_gamma") else "",
        f"R2 penalty of weight {gan['r2_gamma']:g} ({cite('r1')})" if gan.get("r2_gamma") else "",
        setting(gan, "learning_rate", f"Adam ({cite('adam')}) with learning rate {{:g}}")
        + setting(gan, "discriminator_learning_rate", " (discriminator {:g})")
        + setting(gan, "adam_beta1", " and β1 = {:g}"),
    ]


def _discriminators(gan: Mapping[str, Any], cite: Citations) -> str:
    """The discriminators, unless only the DCGAN's was used."""
    names = gan.get("discriminators") or ["dcgan"]
    if list(names) == ["dcgan"]:
        return ""
    backbone = gan.get("projection_backbone")
    titles = {
        "dcgan": lambda: "the DCGAN's",
        "residual": lambda: "residual blocks without normalization",
        "patches": lambda: f"places of the image at several scales ({cite('patches')})",
        "projected": lambda: f"heads on features of a frozen {backbone} ({cite('projected')})",
    }
    return f"discriminator: {listing([titles.get(name, lambda name=name: str(name))() for name in names])}"


def _scores(run: RunFiles, cite: Citations) -> str:
    """Each score once; the number of images and the features once where all scores share them."""
    scores = (run.scores or {}).get("scores", [])
    if not scores:
        return ""
    by_paper: dict[str, list[str]] = {}
    for score in scores:
        by_paper.setdefault(_SCORE_PAPERS.get(score["metric"], score["metric"]), []).append(
            score["title"] or score["metric"]
        )
    named = [
        listing(titles) + (f" ({cite(paper)})" if paper in _SCORE_PAPERS.values() else "")
        for paper, titles in by_paper.items()
    ]
    first = scores[0]
    all_made = sum(run.synthetic_counts.values())
    is_all = first["n_synthetic"] == all_made
    compared = "These images" if is_all else f"{count(first['n_synthetic'])} synthetic images"
    text = f"{compared} were compared with {count(first['n_real'])} real ones by {listing(named)}"
    features = list(dict.fromkeys(name for score in scores if (name := _features(score["extractor"]))))
    with_features = f" on features of {listing(features)}" if features else ""
    floors = "; each score was also computed between parts of the real images (its floor)"
    return f"{text}{with_features}{floors if any(score['floor'] for score in scores) else ''}."


def _features(extractor: Mapping[str, Any]) -> str:
    if not extractor["name"]:
        return ""
    dims = f"{count(extractor['dims'])} dimensions" if extractor["dims"] else ""
    resize = f"resize {extractor['resize']}" if extractor["resize"] else ""
    details = ", ".join(detail for detail in (dims, resize) if detail)
    return f"{extractor['name']} ({details})" if details else str(extractor["name"])


def _software(run: RunFiles) -> str:
    provenance = run.provenance
    if not provenance["ganbal_version"]:
        return ""
    torch = provenance["versions"].get("torch")
    with_torch = f" with PyTorch {torch}" if torch else ""
    seed = f", seed {provenance['seed']}" if provenance["seed"] is not None else ""
    return f"Software: ganbal {provenance['ganbal_version']}{with_torch}{seed}."
