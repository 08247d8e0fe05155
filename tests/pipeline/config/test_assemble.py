"""What is built from a configuration and a data set, and where the two do not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

import scratchnet as sn
from pipeline.config.assemble import build_run
from pipeline.config.check import ConfigError
from pipeline.errors import UserError
from pipeline.runs.job import Job
from scratchnet._numbers import LEAST_EPSILON

MakeJob = Callable[..., Job]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_column_that_varies_by_too_little_is_named(make_job: MakeJob, tmp_path: Path, dtype: str) -> None:
    rows = [f"{i}e-40,{i % 3},{'yes' if i % 2 else 'no'}" for i in range(40)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    table = ("dataset=table", f"dataset.path={tmp_path}/data.csv", "dataset.target=y", f"training.dtype={dtype}")
    config = make_job(*table).config
    with pytest.raises(UserError, match=r"^dataset=table: a varies by 1.1e-39 \(standard deviation\), below 1e-18, "):
        build_run(config, config.dataset.load())
    config = make_job(*table, "dataset.standardise=false").config
    assert build_run(config, config.dataset.load()).network.input_features == 2


def test_a_deviation_of_images_is_not_too_small_either(make_job: MakeJob) -> None:
    config = make_job("dataset.std=[1e-22]").config
    with pytest.raises(UserError, match=r"^dataset=fashion_mnist_mini: channel 0 varies by 2.6e-20 "):
        build_run(config, config.dataset.load())


def test_the_least_epsilon_is_the_engines(make_job: MakeJob) -> None:
    config = make_job("optimizer=adam", f"optimizer.eps={LEAST_EPSILON}").config
    assert build_run(config, config.dataset.load()).optimizer == sn.Adam(eps=LEAST_EPSILON)
    with pytest.raises(ConfigError, match=r"^optimizer.eps=9e-31: allowed: 1e-30 or more$"):
        make_job("optimizer=adam", "optimizer.eps=9e-31")
