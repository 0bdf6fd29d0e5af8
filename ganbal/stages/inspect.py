"""`inspect`: what the images are, in data.json and figures."""

from typing import Any

import numpy as np
from PIL import Image

from ganbal.data.inspection import inspect_dataset
from ganbal.data.inspection_figures import draw_inspection
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.hashing import digest_of
from ganbal.stages.context import RunContext
from ganbal.synthesis.synthetic_png import tile

REAL_SAMPLES = 16


def inspect(context: RunContext) -> dict[str, Any]:
    """The content of data.json."""
    dataset, run, settings = context.dataset, context.run, context.config.data
    samples = run.figures_folder / "real_samples.png"
    figures = [samples]

    def work() -> None:
        content = inspect_dataset(dataset, settings)
        figures.extend(draw_inspection(dataset, content, run.figures_folder))
        with atomic_path(samples) as temporary:
            _real_samples(context).save(temporary, format="PNG")
        write_json(run.data_file, content)

    context.do_stage(
        "inspect",
        inputs=digest_of(dataset.table.digest(), settings.model_dump(mode="json")),
        outputs=lambda: [run.data_file, *figures],
        work=work,
    )
    return read_json(run.data_file)


def _real_samples(context: RunContext) -> Image.Image:
    """A grid of the class's training images at the generator's size, for comparison with synthetic ones."""
    dataset, config = context.dataset, context.config
    rows = np.random.default_rng(config.seed).permutation(dataset.table.rows("train", context.class_name))
    pixels = dataset.pixels(config.gan.image_size_px)[np.sort(rows[:REAL_SAMPLES])]
    return Image.fromarray(tile(pixels, columns=4))
