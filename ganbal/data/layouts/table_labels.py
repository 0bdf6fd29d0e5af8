"""From the cells of a table to the labels of an image, and from several labels to one class."""

from collections.abc import Sequence
from typing import NamedTuple

from ganbal.data.layouts.table_text import TextTable
from ganbal.runtime.number_text import some_of

_YES, _NO = {"1", "1.0", "true"}, {"", "0", "0.0", "false"}
_UNCERTAIN = {"-1", "-1.0"}
SEPARATOR = "|"
"""Between several labels in one cell."""


class LabelColumns(NamedTuple):
    """Where a table has its labels: in one column of names, or in `flag`, a column of zeros and ones."""

    names: int | None
    flag: int | None = None


def choose_label_columns(
    table: TextTable, label: int | None, wanted: str | None, taken: Sequence[int | None], mistakes: list[str]
) -> LabelColumns:
    """Decide how the labels of a table are written.

    Args:
        label: the column of labels, None where none was recognized.
        wanted: the setting `data.one_versus_rest`.
        taken: columns with another meaning.
        mistakes: gets a phrase where no labels are found.
    """
    by_name = {name.strip(): index for index, name in enumerate(table.header)}
    if wanted in by_name and wanted is not None and not _names_label(table, label, wanted):
        return LabelColumns(None, by_name[wanted])
    if label is not None:
        return LabelColumns(label)
    flags = [table.header[index] for index in range(len(table.header)) if index not in taken and _is_flag(table, index)]
    if len(flags) > 1:
        mistakes.append(
            f"line 1: {len(flags)} columns of zeros and ones may be the labels: {some_of(flags)}; choose one against "
            f"the rest, e.g. --set 'data.one_versus_rest={flags[0]}'"
        )
    else:
        mistakes.append(
            f"line 1: no column `label` among: {', '.join(table.header) or 'nothing'}; name it with --label-column"
        )
    return LabelColumns(None)


def labels_of(cells: Sequence[str], columns: LabelColumns, wanted: str | None) -> list[str] | None:
    """The labels in one line; None where a flag says that it is uncertain.

    Raises:
        ValueError: a flag is neither 0 nor 1.
    """
    if columns.flag is not None:
        value = cells[columns.flag].lower()
        if value in _UNCERTAIN:
            return None
        if value not in _YES | _NO:
            raise ValueError(f"{cells[columns.flag]!r} is neither 0 nor 1")
        return [str(wanted)] if value in _YES else []
    assert columns.names is not None
    return split_labels(cells[columns.names])


def split_labels(cell: str) -> list[str]:
    """`A|B` and `['A', 'B']` → A and B."""
    inner = cell[1:-1] if cell.startswith("[") and cell.endswith("]") else None
    parts = cell.split(SEPARATOR) if inner is None else inner.split(",")
    return [part.strip(" '\"") if inner is not None else part.strip() for part in parts if part.strip()]


def _names_label(table: TextTable, label: int | None, wanted: str) -> bool:
    """Whether the column of labels names this label anywhere."""
    return label is not None and any(
        wanted in split_labels(row.cells[label]) for row in table.rows if label < len(row.cells)
    )


def _is_flag(table: TextTable, index: int) -> bool:
    values = {row.cells[index].lower() for row in table.rows if index < len(row.cells)}
    return bool(values & _YES) and values <= _YES | _NO | _UNCERTAIN
