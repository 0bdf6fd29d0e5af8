"""`predict`: from the options to the predictions, as content and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.prediction.cell_choice import ChosenCell
from ganbal.prediction.predicting import predict_images
from ganbal.prediction.prediction_text import predictions_csv, predictions_text
from ganbal.run.folder import Run
from ganbal.runtime.atomic_files import write_text
from ganbal.runtime.console import Console


@dataclass(frozen=True)
class Predictions:
    """The result: content for programs, text for people."""

    content: dict[str, Any]
    text: str

    @property
    def problem(self) -> InputError | None:
        """The files that gave no prediction, if there are any; the command fails although others were predicted."""
        problems = [f"{image['file']}: {image['problem']}" for image in self.content["images"] if image.get("problem")]
        if not problems:
            return None
        num_images = len(self.content["images"])
        others = " The others were predicted." if len(problems) < num_images else ""
        return InputError(
            found=f"{len(problems)} of {num_images} images cannot be read:\n  " + "\n  ".join(problems),
            expected=f"Predictions need readable image files.{others}",
            action="Remove or replace these files.",
        )


def predict_command(
    images: Sequence[Path],
    *,
    run: Run,
    chosen: ChosenCell,
    threshold: str | None,
    device: str,
    csv_file: Path | None,
    console: Console,
) -> Predictions:
    """Predict the images; only `csv_file` is written, if it is given.

    Raises:
        InputError: no images, a wrong threshold, or a cell with damaged files.
    """
    content = predict_images(images, run, chosen, threshold=threshold, device=device, console=console)
    if csv_file is not None:
        write_text(csv_file, predictions_csv(content))
    return Predictions(content, predictions_text(content))
