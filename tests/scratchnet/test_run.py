"""Runs and their settings: checked when they are made."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import scratchnet as sn

NETWORK = sn.Sequential((sn.Linear(4, 9), sn.ReLU(), sn.Linear(9, 3)))


def run_of(network: sn.Sequential = NETWORK, settings: Any = None, **fields: Any) -> sn.Run:
    return sn.Run(network, sn.CrossEntropy(), sn.SGD(), settings or {"lr": 0.1}, **fields)


def test_a_mapping_is_taken_as_settings() -> None:
    settings = sn.Settings(0.1, l2=0.5)
    run = run_of(settings={"lr": 0.1, "l2": 0.5})
    assert run.settings == settings
    assert run == run_of(settings=settings)
    assert hash(run) == hash(run_of(settings=settings))
    assert replace(run, settings={"lr": 1}).settings == sn.Settings(1.0)
    assert pickle.loads(pickle.dumps(run)) == copy.deepcopy(run) == run
    with pytest.raises(AttributeError):
        run.settings.lr = 0.2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        run.settings = settings
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'settings'"):
        sn.Run(NETWORK, sn.CrossEntropy(), sn.SGD())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lr": 0.1, "wd": 1.0}, "'wd' is no setting; did you mean 'weight_decay'[?] known are lr, momentum"),
        ({"lr": 0.1, "droput": 0.5}, "'droput' is no setting; did you mean 'dropout'"),
        ({"lr": 0.1, 3: 0.5}, "3 is no setting"),
        ({"momentum": 0.9}, "lr is missing"),
        (0.1, "neither Settings nor a mapping"),
        ({"lr": -0.1}, "lr=-0.1; allowed: a finite number of 0 or more"),
        ({"lr": torch.inf}, "lr=inf; allowed"),
        ({"lr": torch.nan}, "lr=nan; allowed"),
        ({"lr": "0.1"}, "lr='0.1'; allowed"),
        ({"lr": True}, "lr=True; allowed"),
        ({"lr": 0.1, "l2": -1e-9}, "l2=-1e-09; allowed"),
        ({"lr": 0.1, "weight_decay": torch.inf}, "weight_decay=inf; allowed"),
        ({"lr": 0.1, "momentum": 1.0}, "momentum=1.0; allowed: from 0 up to, but not including, 1"),
        ({"lr": 0.1, "dropout": 1}, "dropout=1; allowed: from 0 up to"),
        ({"lr": 0.1, "input_dropout": -0.1}, "input_dropout=-0.1; allowed"),
    ],
)
def test_settings_out_of_range_are_named(settings: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"settings: .*{said}"):
        run_of(settings=settings)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"epochs": 0}, ValueError, "Run: epochs=0; allowed: a whole number of 1 or more"),
        ({"epochs": 1.5}, ValueError, "Run: epochs=1.5"),
        ({"seed": -1}, ValueError, "Run: seed=-1; allowed: a whole number of 0 or more"),
        ({"seed": 2**63}, ValueError, "Run: seed=9223372036854775808"),
        ({"penalized": ("3.weight",)}, ValueError, "penalized names 3.weight; the network's are 0.weight, 0.bias"),
        ({"schedule": "cosine"}, TypeError, "schedule='cosine' is not a scratchnet.Schedule"),
        ({"network": sn.Linear(4, 3)}, TypeError, r"network=Linear\(.*\) is not a scratchnet.Sequential"),
    ],
)
def test_fields_out_of_range_are_named(fields: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run_of(**fields)


WHOLE, POSITIVE, LEAST = "a whole number of 1 or more", "a finite number above 0", "a finite number of 0 or more"
SHARE = "from 0 up to, but not including, 1"
SINGLE = "from 1e-30 up to, but not including, 1e+30"


@pytest.mark.parametrize(
    ("make", "said", "allowed"),
    [
        (lambda: sn.Step(every=0), "Step: every=0", WHOLE),
        (lambda: sn.Step(gamma=0), "Step: gamma=0", POSITIVE),
        (lambda: sn.Cosine(warmup=-1), "Cosine: warmup=-1", LEAST),
        (lambda: sn.Cosine(floor=torch.inf), "Cosine: floor=inf", LEAST),
        (lambda: sn.Cosine(floor=-0.1), "Cosine: floor=-0.1", LEAST),
        (lambda: sn.OneCycle(warmup=1), "OneCycle: warmup=1", SHARE),
        (lambda: sn.OneCycle(warmup=-0.1), "OneCycle: warmup=-0.1", SHARE),
        (lambda: sn.OneCycle(initial_divisor=0), "OneCycle: initial_divisor=0", POSITIVE),
        (lambda: sn.OneCycle(final_divisor=-1), "OneCycle: final_divisor=-1", POSITIVE),
        (lambda: sn.Adam(beta1=1.0), "Adam: beta1=1.0", SHARE),
        (lambda: sn.Adam(beta1=-0.1), "Adam: beta1=-0.1", SHARE),
        (lambda: sn.Adam(beta2=1.0), "Adam: beta2=1.0", SHARE),
        (lambda: sn.Adam(beta2=-0.1), "Adam: beta2=-0.1", SHARE),
        (lambda: sn.Adam(eps=0), "Adam: eps=0", "a finite number of 1e-30 or more"),
        (lambda: sn.Mixup(0.0), "Mixup: alpha=0.0", POSITIVE),
        (lambda: sn.Augment(1, 0, 2), "Augment: height=0", WHOLE),
        (lambda: sn.Augment(1, 2, 2, shift=-1), "Augment: shift=-1", "a whole number of 0 or more"),
        (lambda: sn.Patchify(0, 2, 2, 1), "Patchify: channels=0", WHOLE),
        (lambda: sn.Patchify(1, 0, 2, 1), "Patchify: height=0", WHOLE),
        (lambda: sn.Patchify(1, 2, 0, 1), "Patchify: width=0", WHOLE),
        (lambda: sn.Patchify(1, 2, 2, 0), "Patchify: patch_size=0", WHOLE),
        (lambda: sn.LayerNorm(6.0), "LayerNorm: features=6.0", WHOLE),  # type: ignore[arg-type]
        (lambda: sn.LayerNorm(0), "LayerNorm: features=0", WHOLE),
        (lambda: sn.LeakyReLU("a"), "LeakyReLU: negative_slope='a'", "a finite number"),  # type: ignore[arg-type]
        (lambda: sn.LayerNorm(4, 0.0), "LayerNorm: eps=0.0", "a finite number of 1e-30 or more"),
        (lambda: sn.Dropout(4, 1.0), "Dropout: rate=1.0", SHARE),
        (lambda: sn.Dropout(4, -0.1), "Dropout: rate=-0.1", SHARE),
        (lambda: sn.CrossEntropy(1.0), "CrossEntropy: label_smoothing=1.0", SHARE),
        (lambda: sn.CrossEntropy(-0.1), "CrossEntropy: label_smoothing=-0.1", SHARE),
        (lambda: sn.BinaryCrossEntropy(1.0), "BinaryCrossEntropy: label_smoothing=1.0", SHARE),
        (lambda: sn.BinaryCrossEntropy(-0.1), "BinaryCrossEntropy: label_smoothing=-0.1", SHARE),
        (lambda: sn.Huber(0.0), "Huber: delta=0.0", SINGLE),
        (lambda: sn.Huber(1e-300), "Huber: delta=1e-300", SINGLE),
        (lambda: sn.Huber(1e300), "Huber: delta=1e+300", SINGLE),
    ],
)
def test_other_parts_of_a_run_are_checked_too(make: Any, said: str, allowed: str) -> None:
    with pytest.raises(ValueError, match="allowed") as told:
        make()
    assert str(told.value) == f"{said}; allowed: {allowed}"


def test_the_ends_of_a_range_are_in_it() -> None:
    assert sn.Step(every=1).every == 1
    assert sn.Cosine(warmup=0, floor=0).floor == 0
    assert sn.OneCycle(warmup=0).warmup == 0
    assert sn.Adam(beta1=0, beta2=0, eps=1e-30).eps == 1e-30
    assert sn.Patchify(1, 1, 1, 1).patch_size == 1
    assert sn.LayerNorm(4, 1e-30).eps == 1e-30
    assert sn.Dropout(4, 0).rate == 0


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    loss, settings = sn.CrossEntropy(), {"lr": 0.1}
    network = sn.Sequential((sn.Linear(4, 3), sn.Dropout(3)))
    one = sn.Run(network, loss, sn.SGD(), settings, epochs=np.int64(2), seed=np.int64(4))  # type: ignore[arg-type]
    assert one == sn.Run(network, loss, sn.SGD(), settings, epochs=2, seed=4)
    sn.Stack([one], steps_per_epoch=np.int64(3))  # type: ignore[arg-type]


@pytest.mark.parametrize("penalized", ["0.weight", 3])
def test_what_is_no_tuple_of_parameters_is_told(penalized: Any) -> None:
    network = sn.Sequential((sn.Linear(4, 3),))
    with pytest.raises(TypeError, match=r"Run: penalized=.* is no tuple; give a tuple of names of parameters"):
        sn.Run(network, sn.CrossEntropy(), sn.SGD(), {"lr": 0.1}, penalized=penalized)


def mixer(patches: int, features: int = 5) -> sn.Sequential:
    """One whose patches are mixed into `patches` new ones before they are averaged."""
    across = (sn.Transpose(), sn.Linear(4, patches), sn.ReLU(), sn.Transpose())
    return sn.Sequential(
        (sn.Patchify(1, 4, 4, 2), sn.Linear(4, features), *across, sn.MeanOverPatches(), sn.Linear(features, 3))
    )


def test_runs_of_other_patch_counts_share_no_stack() -> None:
    """The mean would divide the sum over a run's patches by the number of those of the widest."""
    assert sn.stackable(run_of(mixer(6)), run_of(mixer(6, features=8)))
    assert not sn.stackable(run_of(mixer(6)), run_of(mixer(7)))
    with pytest.raises(ValueError, match="cannot share a stack"):
        sn.Stack([run_of(mixer(6)), run_of(mixer(7))], steps_per_epoch=1)


def test_runs_whose_patches_are_flattened_share_a_stack_only_with_their_like() -> None:
    """Padding would come between the patches of the narrower run."""

    def network(features: int, hidden: int) -> sn.Sequential:
        flat = (sn.Patchify(1, 4, 4, 2), sn.Linear(4, features), sn.Flatten())
        return sn.Sequential((*flat, sn.Linear(4 * features, hidden), sn.ReLU(), sn.Linear(hidden, 3)))

    assert sn.stackable(run_of(network(5, 6)), run_of(network(5, 9)))
    assert not sn.stackable(run_of(network(5, 6)), run_of(network(6, 6)))


def test_hidden_patches_that_are_mixed_back_may_differ() -> None:
    def network(hidden: int) -> sn.Sequential:
        mixing = (sn.Transpose(), sn.Linear(4, hidden), sn.Sigmoid(), sn.Linear(hidden, 4), sn.Transpose())
        ends = (sn.MeanOverPatches(), sn.Linear(4, 3))
        return sn.Sequential((sn.Patchify(1, 4, 4, 2), sn.Residual(sn.Sequential(mixing)), *ends))

    runs = [run_of(network(hidden), seed=hidden) for hidden in (2, 7)]
    together = sn.Stack(runs, steps_per_epoch=1, dtype=torch.float64)
    x = torch.randn(5, 16, dtype=torch.float64)
    for r, run in enumerate(runs):
        alone = sn.Stack([run], steps_per_epoch=1, dtype=torch.float64)
        torch.testing.assert_close(together.predict(x)[r], alone.predict(x)[0])


@pytest.mark.parametrize("other", [{"in": 5}, {"out": 4}])
def test_inputs_and_outputs_are_the_same_in_a_stack(other: dict[str, int]) -> None:
    network = sn.Sequential((sn.Linear(other.get("in", 4), 9), sn.ReLU(), sn.Linear(9, other.get("out", 3))))
    assert not sn.stackable(run_of(), run_of(network))
