"""What a stack trains with: its networks, its examples, and what changes these on the way."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

import scratchnet as sn
from pipeline.config.assemble import DTYPES, build_device, build_examples, build_run, check_device, compile_for
from pipeline.config.schema import Config
from pipeline.datasets import Dataset
from pipeline.runs.job import Job

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Setup:
    """A stack of networks with everything that their training needs but the order of the examples.

    `configs`: of each network, in the order of the stack.
    """

    configs: Sequence[Config]
    stack: sn.Stack
    splits: dict[str, sn.Examples]
    augment: sn.Augment | None
    mixup: sn.Mixup | None

    @classmethod
    def of(cls, jobs: Sequence[Job], rows: Sequence[int], dataset: Dataset) -> "Setup":
        """Jobs of equal `rows` share a network, which has the settings of the longest of them.

        Raises UserError where this machine or `training.kernel` cannot train them.
        """
        config = jobs[0].config
        training = config.training
        torch.set_num_threads(training.threads)
        check_device(config)
        splits = {name: build_examples(config, dataset, getattr(dataset, name)) for name in SPLITS}
        configs = [
            max((job.config for job, job_row in zip(jobs, rows, strict=True) if job_row == row), key=_epochs)
            for row in sorted(set(rows))
        ]
        runs = [build_run(run_config, dataset) for run_config in configs]
        compile_for(configs, runs)
        stack = sn.Stack(
            runs,
            steps_per_epoch=math.ceil(len(splits["train"]) / training.batch_size),
            dtype=DTYPES[training.dtype],
            device=build_device(config),
            kernel=training.kernel,
        )
        mixup = sn.Mixup(training.mixup) if training.mixup else None
        return cls(configs, stack, splits, config.dataset.augment(dataset), mixup)

    @property
    def batch_size(self) -> int:
        return self.configs[0].training.batch_size

    @property
    def batches(self) -> int:
        """Batches an epoch."""
        return math.ceil(len(self.splits["train"]) / self.batch_size)

    def train(self, order: Tensor, generators: list[torch.Generator]) -> Tensor:
        """Train on the examples (1, n), or (R, n), of `order`; -> the loss of each batch and run (steps, R)."""
        examples = self.splits["train"]
        return self.stack.train(examples, order, self.batch_size, self.augment, generators, self.mixup)


def _epochs(config: Config) -> int:
    return config.training.epochs
