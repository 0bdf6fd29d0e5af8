"""Exactly what was run: command, settings, versions, times."""

from collections.abc import Mapping
from typing import Any

from ganbal.report import number_text
from ganbal.report.number_text import plural
from ganbal.report.page import Block, Code, Column, Entry, Facts, Fold, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles

_PLAIN_FACTS = {
    "ganbal_version": "ganbal",
    "git_commit": "Commit",
    "seed": "Seed",
    "device": "Device",
    "gpu": "GPU",
    "platform": "Platform",
    "created": "Begun",
    "last_command_at": "Last command",
    "data_digest": "Digest of the images",
}


def reproduce_section(run: RunFiles) -> Section:
    """Provenance and settings."""
    provenance = run.provenance
    blocks: list[Block] = []
    if provenance.get("command"):
        blocks.append(Code("Last command", str(provenance["command"])))
    facts = [
        (title, f"`{provenance[key]}`")
        for key, title in _PLAIN_FACTS.items()
        if provenance.get(key) is not None and not isinstance(provenance[key], Mapping)
    ]
    versions = provenance.get("versions") or {}
    if versions:
        facts.append(("Versions", ", ".join(f"{name} {version or 'not there'}" for name, version in versions.items())))
    if facts:
        blocks.append(Facts(facts))
    if provenance.get("stages"):
        blocks.append(_stages_table(provenance["stages"]))
    if run.config_text:
        blocks.append(Fold("All settings (config.yaml)", [Code("config.yaml", run.config_text.rstrip())]))
    if not blocks:
        blocks.append(Paragraph("The run folder says nothing of how it was made."))
    return Section("reproduce", "To do it again", "Reproduce", blocks)


def _stages_table(stages: Mapping[str, Any]) -> Table:
    rows = [
        [
            Entry(str(name)),
            Entry(str(facts.get("finished") or number_text.UNKNOWN)),
            Entry(number_text.duration(facts.get("seconds")), facts.get("seconds")),
            Entry(str(facts.get("inputs") or number_text.UNKNOWN)),
        ]
        for name, facts in stages.items()
        if isinstance(facts, Mapping)
    ]
    columns = [Column("Stage"), Column("Finished"), Column("Time", numeric=True), Column("Digest of its inputs")]
    caption = f"{plural(len(rows), 'finished stage')}; one is done again when the digest of its inputs changes."
    return Table("stages", caption, columns, rows)
