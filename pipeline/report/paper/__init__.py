"""report.md and report/paper/: what goes into a paper as it is, or is one."""

from pipeline.report.paper._findings import Findings
from pipeline.report.paper._further import FURTHER, write_further
from pipeline.report.paper._overview import write_overview
from pipeline.report.paper._write import COLUMN, column, write_paper

__all__ = ["COLUMN", "FURTHER", "Findings", "column", "write_further", "write_overview", "write_paper"]
