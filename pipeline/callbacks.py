"""The callback's path in configurations of version 0.1: `_target_: pipeline.callbacks.PipelineCallback`."""

from pipeline.command.callbacks import PipelineCallback

__all__ = ["PipelineCallback"]
