"""The warnings, gathered where nobody can miss them."""

from ganbal.report.page import Block, Paragraph, Section
from ganbal.report.run_reader import RunFiles
from ganbal.report.warning_signs import warning_signs


def warnings_section(run: RunFiles) -> Section:
    """Everything that speaks against believing the numbers."""
    signs = warning_signs(run)
    blocks: list[Block] = [*signs] or [Paragraph("None of the checks that were made found anything to warn of.")]
    return Section("warnings", "Before you believe it", "Warnings", blocks)
