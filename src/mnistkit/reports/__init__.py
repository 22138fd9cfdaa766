"""Reports: a run or a comparison as one page that anybody can open."""

from mnistkit.reports.report import report

__all__ = ["report"]
