"""Where configurations of version 0.1 name the callback: `_target_: pipeline.callbacks.PipelineCallback`."""

from pipeline.command.callbacks import PipelineCallback

__all__ = ["PipelineCallback"]
