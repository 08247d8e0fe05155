"""Data sets as `dataset=NAME` gives them."""

from typing import Any

import yaml

from pipeline.config.folder import conf_folder
from pipeline.datasets import Dataset, DatasetChoice


def choose_dataset(name: str, **options: Any) -> DatasetChoice:
    """The choice with the values of conf/dataset/NAME.yaml, some of them replaced."""
    text = (conf_folder() / "dataset" / f"{name}.yaml").read_text(encoding="utf-8")
    return DatasetChoice.model_validate(yaml.safe_load(text) | options)


def load_dataset(name: str, **options: Any) -> Dataset:
    """Its data, read anew."""
    choice = choose_dataset(name, **options)
    return Dataset.of(choice.name, choice.official(), choice.validation_fraction, choice.seed)
