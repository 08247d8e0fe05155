"""The page, index.html, and the words that other documents share with it."""

from pipeline.report.page._headline import listed, notes, title
from pipeline.report.page._summary import count, duration, outcomes

__all__ = ["count", "duration", "listed", "notes", "outcomes", "title"]
