"""Whether the generator repeats training images: the nearest pairs, named and shown."""

from collections.abc import Mapping
from typing import Any

from ganbal.report import number_text, pictures
from ganbal.report.number_text import plural
from ganbal.report.page import Block, Column, Entry, Gallery, Paragraph, Table
from ganbal.report.run_reader import RunFiles


def copies_blocks(run: RunFiles, copies: Mapping[str, Any] | None) -> list[Block]:
    """Nothing where copies were not looked for."""
    if not copies:
        return []
    number, rule = copies.get("number"), copies.get("rule_from")
    found = plural(number, "synthetic image") if number else "No synthetic image"
    judged = f", judged by {rule} images" if rule else ""
    blocks: list[Block] = [Paragraph(f"{found} counted as a copy of a training image{judged}.")]
    picture = pictures.nearest_pairs(run)
    if picture:
        blocks.append(Gallery("Nearest training images", [picture]))
    pairs = copies.get("nearest_pairs") or []
    if pairs:
        rows = [
            [
                Entry(str(pair.get("synthetic"))),
                Entry(str(pair.get("training"))),
                Entry(number_text.score(pair.get("closeness")), pair.get("closeness")),
                Entry("copy", tone="bad") if pair.get("is_copy") else Entry("no"),
            ]
            for pair in pairs
        ]
        columns = [
            Column("Synthetic"),
            Column("Nearest training image"),
            Column("Closeness", numeric=True),
            Column("Copy"),
        ]
        caption = "The synthetic images that come nearest to training images; a lower closeness is nearer."
        blocks.append(Table("nearest-pairs", caption, columns, rows))
    return blocks
