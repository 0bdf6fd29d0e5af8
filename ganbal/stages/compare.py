"""`compare`: the study, which retrains the classifiers on every arm."""

from typing import Any

from ganbal.reproduction.published import published_beside_study
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.hashing import digest_of
from ganbal.stages.context import RunContext
from ganbal.study.parallel import WorkerInputs, choose_executor
from ganbal.study.plan import classifier_size_px
from ganbal.study.running import SUMMARY_FILE, ParallelTraining, run_study
from ganbal.study.source import StudySource, study_source, uses_synthetic


def compare(context: RunContext) -> dict[str, Any]:
    """The content of study/summary.json."""
    config, folder = context.config, context.run.study_folder
    source = source_of_run(context)

    def work() -> None:
        run_study(
            source,
            config.study,
            seed=config.seed,
            device=context.device,
            folder=folder,
            feature_cache=context.cache / "features",
            console=context.console,
            parallel=_parallel(context),
            published=_published(context),
        )

    settings = config.study.model_dump(mode="json", exclude={"workers", "executor"})
    parts = [source.with_fraction(fraction) for fraction in config.study.minority_fractions]
    context.do_stage(
        "compare",
        inputs=digest_of(settings, [(part.data_digest, part.synthetic_digest) for part in parts], config.seed),
        outputs=lambda: sorted(path for path in folder.rglob("[!.]*") if path.is_file()),
        work=work,
    )
    return read_json(folder / SUMMARY_FILE)


def source_of_run(context: RunContext) -> StudySource:
    """The images of a run's study; synthetic images are read only if an arm uses them."""
    study = context.config.study

    def synthetic_of(fraction: float) -> Any:
        part = context.at_fraction(fraction)
        is_used = uses_synthetic(study, are_available=part.synthetic_folder.manifest.is_file())
        return part.synthetic if is_used else None

    return study_source(context.dataset, study.protocol, synthetic_of)


def _parallel(context: RunContext) -> ParallelTraining | None:
    config, executor = context.config, choose_executor(context.config.study, context.device)
    if executor is None:
        return None
    parts = [context.at_fraction(fraction) for fraction in config.study.minority_fractions]
    # Absolute paths: a worker need not start in the same folder.
    folders = [
        (part.minority_fraction, part.synthetic_folder.root.resolve())
        for part in {part.minority_fraction: part for part in [context, *parts]}.values()
        if uses_synthetic(config.study, are_available=part.synthetic_folder.manifest.is_file())
        and part.synthetic_folder.manifest.is_file()
    ]
    inputs = WorkerInputs(
        study_folder=context.run.study_folder.resolve(),
        data=config.data,
        study=config.study,
        device=config.device,
        sizes_px=tuple(sorted({classifier_size_px(name, config.study) for name in config.study.classifiers})),
        cache=context.cache.resolve(),
        synthetic_folders=tuple(folders),
    )
    return ParallelTraining(executor, inputs)


def _published(context: RunContext) -> dict[str, Any] | None:
    study, table = context.config.study, context.dataset.table
    return published_beside_study(
        table.classes,
        study.classifiers,
        study.arms,
        is_augmented=study.augment != "none",
        is_phantom=table.is_phantom,
    )
