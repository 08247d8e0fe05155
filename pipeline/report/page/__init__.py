"""The page, index.html, and the words that other documents share with it."""

from pipeline.report.page._headline import notes, title
from pipeline.report.page._summary import count, outcomes, summary
from pipeline.report.page.overview import Part

__all__ = ["Part", "count", "notes", "outcomes", "summary", "title"]
