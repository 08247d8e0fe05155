"""The figures of a report, one kind per file."""
