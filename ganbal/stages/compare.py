"""`compare`: the study, which retrains the classifiers on every arm."""

from typing import Any

from ganbal.reproduction.published import published_beside_study
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.hashing import digest_of
from ganbal.stages.cell_worker import workers_for
from ganbal.stages.context import RunContext
from ganbal.stages.study_material import study_source
from ganbal.study.running import run_study
from ganbal.study.sources import StudyFolder


def compare(context: RunContext) -> dict[str, Any]:
    """The content of study/summary.json."""
    config, folder = context.config, StudyFolder(context.run.study_folder)
    source = study_source(context)

    def work() -> None:
        run_study(
            source,
            config.study,
            seed=config.seed,
            device=context.device,
            folder=folder,
            feature_cache=context.cache / "features",
            console=context.console,
            elsewhere=workers_for(context),
            published=_published(context),
        )

    settings = config.study.model_dump(mode="json", exclude={"workers", "executor"})
    parts = [source.with_fraction(fraction) for fraction in config.study.minority_fractions]
    context.do_stage(
        "compare",
        inputs=digest_of(settings, [(part.data_digest, part.synthetic_digest) for part in parts], config.seed),
        outputs=lambda: sorted(path for path in folder.root.rglob("*") if path.is_file()),
        work=work,
    )
    return read_json(folder.summary)


def _published(context: RunContext) -> dict[str, Any] | None:
    study, table = context.config.study, context.dataset.table
    return published_beside_study(
        table.classes,
        study.classifiers,
        study.arms,
        is_augmented=study.augment != "none",
        is_phantom=table.is_phantom,
    )
