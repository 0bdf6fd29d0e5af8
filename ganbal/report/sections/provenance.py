"""Exactly what was run: command, settings, versions, times."""

from collections.abc import Mapping
from typing import Any

from ganbal.report.page import Block, Code, Column, Definitions, Fold, Paragraph, Table, TableEntry, code
from ganbal.report.run_reader import RunFiles
from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN, plural

_PLAIN_ENTRIES = {
    "ganbal_version": "ganbal",
    "git_commit": "Commit",
    "seed": "Seed",
    "device": "Device",
    "gpu": "GPU",
    "platform": "Platform",
    "created": "Started",
    "last_command_at": "Last command",
    "data_digest": "Digest of the images",
}


def provenance_blocks(run: RunFiles) -> list[Block]:
    """Provenance and settings."""
    provenance = run.provenance
    blocks: list[Block] = []
    if provenance["command"]:
        blocks.append(Code("Last command", provenance["command"]))
    content = [(title, code(provenance[key])) for key, title in _PLAIN_ENTRIES.items() if provenance[key] is not None]
    if provenance["versions"]:
        content.append(("Versions", ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())))
    if content:
        blocks.append(Definitions(content))
    if provenance["stages"]:
        blocks.append(_stages_table(provenance["stages"]))
    if run.config_text:
        blocks.append(Fold("All settings (config.yaml)", [Code("config.yaml", run.config_text.rstrip())]))
    return blocks or [Paragraph("The run folder does not say how it was made.")]


def _stages_table(stages: Mapping[str, Any]) -> Table:
    rows = [
        [
            TableEntry(name),
            TableEntry(content["finished"] or UNKNOWN),
            TableEntry(number_text.duration(content["seconds"]), content["seconds"]),
            TableEntry(content["inputs"] or UNKNOWN),
        ]
        for name, content in stages.items()
    ]
    columns = [Column("Stage"), Column("Finished"), Column("Time", numeric=True), Column("Digest of its inputs")]
    caption = f"{plural(len(rows), 'finished stage')}; a stage is repeated when the digest of its inputs changes."
    return Table("stages", caption, columns, rows)
