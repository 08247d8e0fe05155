"""report/paper/: tables, figures, captions, methods and references that go into a paper as they are."""

from pipeline.report.paper._write import COLUMN, column, write_paper

__all__ = ["COLUMN", "column", "write_paper"]
