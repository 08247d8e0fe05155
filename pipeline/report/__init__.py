"""The report of one or several sweeps, built from their run folders and nothing else."""

from pipeline.report.build import build

__all__ = ["build"]
