"""The scores of exported generators as the cards of their exports show them, or why there are none to show."""

from collections.abc import Sequence

from ganbal.report.markdown import render_table
from ganbal.report.run_reader import RunFiles, read_run_folder
from ganbal.report.staleness import stale_stages
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.runtime.markdown_text import as_line


def card_scores(run: Run, classes: Sequence[str], console: Console) -> str:
    """A heading per class with its table of scores, in Markdown; one sentence where no score can be shown.

    Args:
        classes: those that are exported.
    """
    if not run.scores_file.is_file():
        return "Not scored yet."
    files = read_run_folder(run.folder)
    if files.scores is None:
        problem = dict(files.unread).get(run.scores_file.name, "it has no scores")
        console.warn(f"{run.scores_file} cannot be read ({problem}), so the card has no scores.")
        return "Left out: the file of the scores is damaged."
    if (reason := stale_stages(files).get("score")) is not None:
        console.warn(
            f"The scores are out of date ({reason}), so the card has none. `{run.command('score')}` renews them."
        )
        return f"Left out, because they are out of date: {as_line(reason)}."
    return "\n\n".join(f"### {as_line(name)}\n\n{_of_class(files, name)}" for name in classes)


def _of_class(files: RunFiles, class_name: str) -> str:
    from ganbal.report.sections.scores import scores_table  # draws figures, too, which takes a second to load

    assert files.scores is not None
    by_class = {name: found["scores"] for name, found in files.scores["other_classes"].items()}
    by_class[files.scores["class_name"]] = files.scores["scores"]
    scores = by_class.get(class_name)
    return render_table(scores_table(scores)) if scores else "The synthetic images of this class were not scored."
