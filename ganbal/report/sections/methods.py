"""What was done, as a paragraph for a paper, written from the settings and facts of the run."""

from typing import Any

from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Block, Code, Paragraph, Section
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.references import cited_references, is_spectral
from ganbal.report.sections.study_methods import setting, study_methods


def methods_section(run: RunFiles) -> Section:
    """The paragraph and its references."""
    parts = [part for part in (_data(run), _generator(run), _scores(run), study_methods(run), _software(run)) if part]
    references = cited_references(run)
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
        setting(gan, "batch_size", "batch size {}"),
        setting(gan, "latent_dim", "latent dimension {}"),
        setting(gan, "base_channels", "{} channels next to the image"),
        setting(gan, "loss", "{} loss"),
        "spectral normalisation of the discriminator (Miyato et al. 2018)" if is_spectral(gan) else "",
        "minibatch standard deviation (Karras et al. 2018)" if gan.get("minibatch_stddev") else "",
        f"R1 penalty of weight {gan['r1_gamma']:g} (Mescheder et al. 2018)" if gan.get("r1_gamma") else "",
        setting(gan, "learning_rate", "Adam with learning rate {:g}")
        + setting(gan, "discriminator_learning_rate", " (discriminator {:g})")
        + setting(gan, "adam_beta1", " and β1 = {:g}"),
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


def _software(run: RunFiles) -> str:
    provenance = run.provenance
    if not provenance.get("ganbal_version"):
        return ""
    torch = (provenance.get("versions") or {}).get("torch")
    with_torch = f" with PyTorch {torch}" if torch else ""
    return f"All was done with ganbal {provenance['ganbal_version']}{with_torch}, seed {provenance.get('seed')}."
