"""The report of a comparison: one HTML file that needs nothing else, to mail, print or keep beside the model."""

from panlearn.report.write import render_report, write_report

__all__ = ["render_report", "write_report"]
