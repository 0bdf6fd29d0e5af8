"""`score`: every class's synthetic images against real images of that class."""

from typing import Any

from ganbal.runtime.atomic_files import read_json, write_json
from ganbal.runtime.hashing import digest_of
from ganbal.stages.context import RunContext
from ganbal.stages.run_scoring import RunScoring, largest_classifier_size_px


def score(context: RunContext) -> dict[str, Any]:
    """The content of scores.json."""
    run, config, first = context.run, context.config, context.config.gan.class_name
    scoring = RunScoring(context.dataset, context.synthetic, config, context.device, context.console)
    context.do_stage(
        "score",
        inputs=digest_of(
            config.score.model_dump(mode="json"),
            largest_classifier_size_px(config.study),
            context.dataset.table.digest(),
            context.synthetic.digest,
            config.seed,
            *([first] if first else []),
        ),
        outputs=lambda: [run.scores_file, *run.figures_folder.glob("nearest_pairs.png")],
        work=lambda: write_json(run.scores_file, scoring.scores(run.figures_folder)),
    )
    return read_json(run.scores_file)
