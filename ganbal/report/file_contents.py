"""What each JSON and YAML file of a run contains, as far as the report reads it."""

from ganbal.report.shapes import anything, flag, mapping, number, optional, record, sequence, text

WARNINGS = sequence(record(("kind",), kind=text, values=mapping(anything)))
_COUNTS = mapping(mapping(number))
_SIZE = sequence(number)

DATA = record(
    ("minority_class",),
    source=record(
        root=text,
        origin=text,
        layout=text,
        is_phantom=flag,
        imports=sequence(record(kind=text, origin=text, sha256=text, revision=text, images=number, files=number)),
    ),
    classes=sequence(text),
    minority_class=text,
    positive_class=text,
    positive_class_reason=text,
    counts=_COUNTS,
    counts_found=_COUNTS,
    imbalance_ratio=number,
    missing_to_balance=mapping(number),
    sizes=record(min=_SIZE, median=_SIZE, max=_SIZE, distinct=number, modes=mapping(number)),
    patients=mapping(number),
    patients_recognized=record(images=number, by=mapping(number), are_certain=flag),
    intensity=optional(record(range=sequence(number), chosen_by=text, images=number)),
    channels=optional(record(used=number, chosen_by=text, colored=number, images=number)),
    fit=optional(record(rule=text, elongation=number, aspect_ratios=mapping(number))),
    patients_shared=sequence(record(splits=sequence(text), count=number, examples=sequence(text))),
    duplicates=optional(
        record(
            groups=number, images=number, across_splits=number, across_classes=number, examples=sequence(sequence(text))
        )
    ),
    unreadable=sequence(record(("file_name",), file_name=text, reason=text)),
    digest=text,
    validation_rule=text,
    warnings=WARNINGS,
)

_GENERATOR = {
    "class_name": text,
    "folder": text,
    "steps": number,
    "images_seen": number,
    "image_size_px": number,
    "channels": number,
    "num_images": number,
    "seconds": number,
    "device": text,
    "parameters": mapping(number),
    "augment": optional(sequence(text)),
    "pretraining": optional(record(steps=number, num_images=number)),
    "imported": optional(record(same_training_images=flag)),
}
TRAINING = record(("class_name",), **_GENERATOR, classes=sequence(record(("class_name",), **_GENERATOR)))

SYNTHESIS = record(num_rejected=number, manifest_sha256=text)

_FLOOR = optional(record(value=number, low=number, high=number, n=number, splits=number, score_at_n=number))
_EXTRACTOR = record(name=text, dims=number, weights_sha256=text, resize=text, note=text)
_SCORE = record(
    ("metric",),
    metric=text,
    title=text,
    value=number,
    interval=optional(sequence(number)),
    n_real=number,
    n_synthetic=number,
    better=text,
    best=number,
    note=text,
    extractor=_EXTRACTOR,
    floor=_FLOOR,
    held_out_floor=_FLOOR,
)
_SIDE = record(name=text, n=number)
_PAIR = record(synthetic=text, training=text, relative_distance=number, is_copy=flag)
SCORES = record(
    class_name=text,
    comparison=record(real=_SIDE, synthetic=_SIDE, held_out=_SIDE, image_size_px=number),
    scores=sequence(_SCORE),
    copies=optional(
        record(
            number=number, rule_from=text, originals=number, duplicates_left_out=number, nearest_pairs=sequence(_PAIR)
        )
    ),
    other_classes=mapping(record(scores=sequence(_SCORE), warnings=WARNINGS)),
    warnings=WARNINGS,
)

_CONDITION = {"synthetic_ratio": number, "minority_fraction": number}
_COMPARED = {"classifier": text, "arm": text, **_CONDITION}
_MEASURED = {**_COMPARED, "metric": text, "mean": number}
_INTERVAL = {"low": number, "high": number}
_P_VALUES = {"p_value": number, "p_holm": number}
_DIFFERENCE = record(
    ("classifier", "metric", "arm", "baseline"),
    **_MEASURED,
    **_INTERVAL,
    **_P_VALUES,
    baseline=text,
    better=text,
    sd=number,
    n=number,
    family_size=number,
    verdict=text,
    is_informative=flag,
    smallest_detectable=number,
    seeds_needed=number,
)
_FINDING = record(("classifier", "arm", "metric"), **_MEASURED, **_INTERVAL, verdict=text)
_MEAN = record(("arm", "classifier", "metric"), **_MEASURED, sd=number, n=number)
_TESTS = record(
    ("classifier", "arm", "baseline"),
    **_COMPARED,
    baseline=text,
    mcnemar=optional(record(b=number, c=number, **_P_VALUES)),
    delong=optional(record(difference=number, **_INTERVAL, **_P_VALUES)),
)
_VERDICT = record(
    kind=text,
    chance=number,
    answers=sequence(
        record(("classifier",), classifier=text, **_CONDITION, main=text, ranking=text, against=mapping(text))
    ),
    findings=sequence(_FINDING),
)
_PUBLISHED = record(
    classes=sequence(text),
    num_test=number,
    systems=sequence(
        record(
            ("classifier", "arm"),
            classifier=text,
            arm=text,
            source=text,
            title=text,
            accuracy=number,
            precision=sequence(number),
            recall=sequence(number),
        )
    ),
)
SUMMARY = record(
    protocol=text,
    classes=sequence(text),
    positive_class=text,
    arms=sequence(text),
    classifiers=sequence(
        record(("name",), name=text, title=text, image_size_px=number, pretrained=text, augmented_versions=number)
    ),
    seeds=sequence(number),
    steps=number,
    num_test=number,
    num_val=number,
    num_test_patients=number,
    patient_draws=number,
    baseline_arm=text,
    alternative_arms=sequence(text),
    main_metric=text,
    lower_is_better=sequence(text),
    usual_conditions=mapping(record(**_CONDITION)),
    confidence=number,
    interval_covers=sequence(text),
    interval_method=text,
    arm_titles=mapping(text),
    per_arm=sequence(_MEAN),
    differences=sequence(_DIFFERENCE),
    pairs=sequence(_TESTS),
    verdict=_VERDICT,
    published=optional(_PUBLISHED),
    warnings=WARNINGS,
)

CELL = record(confusion_matrix=sequence(sequence(number)))
CASES = record(
    has_heat_maps=flag,
    kinds=sequence(sequence(record(("true", "predicted"), true=text, predicted=text, probability=number))),
)

_MATRIX = sequence(sequence(number))
REPRODUCTION = record(
    systems=sequence(
        record(
            ("name",),
            name=text,
            title=text,
            skipped=text,
            published=record(
                document=text, accuracy=number, interval=sequence(number), confusion_matrix=_MATRIX, note=text
            ),
            protocols=mapping(
                record(
                    accuracy_mean=number,
                    accuracy_sd=number,
                    seeds=sequence(number),
                    is_within_published_interval=flag,
                    confusion_matrix=_MATRIX,
                    median_seed=number,
                )
            ),
        )
    ),
    differences=sequence(
        record(
            baseline_title=text,
            protocol=text,
            metric=text,
            published=number,
            mean=number,
            low=number,
            high=number,
            p_value=number,
            n=number,
            verdict=text,
        )
    ),
    synthetic=optional(record(manifest_sha256=text)),
    remarks=sequence(text),
)

PROVENANCE = record(
    ganbal_version=text,
    git_commit=text,
    command=text,
    created=text,
    last_command_at=text,
    platform=text,
    gpu=text,
    device=text,
    data_digest=text,
    seed=number,
    versions=mapping(text),
    stages=mapping(record(inputs=text, outputs=mapping(text), finished=text, seconds=number)),
)

CONFIG = record(
    data=record(root=text),
    gan=record(
        class_name=text,
        preset=text,
        loss=text,
        generator=text,
        full_size_channels=number,
        output_skips=flag,
        noise_inputs=flag,
        discriminators=optional(sequence(text)),
        projection_backbone=text,
        discriminator_norm=text,
        minibatch_stddev=flag,
        augment=optional(sequence(text)),
        batch_size=number,
        latent_dim=number,
        base_channels=number,
        r1_gamma=number,
        r2_gamma=number,
        learning_rate=number,
        discriminator_learning_rate=number,
        adam_beta1=number,
        ema_half_life_images=number,
    ),
    study=record(
        protocol=text, recipe=text, augment=text, batch_size=number, learning_rate=number, patience=number, seeds=number
    ),
)
