"""Pages and figures made from the files of a run, and from nothing else: no torch, no other stage."""

from ganbal.report.build import ReportFiles, build_report

__all__ = ["ReportFiles", "build_report"]
