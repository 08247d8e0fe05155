"""Jobs composed in a hurry are those that Hydra composes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf, open_dict

from pipeline.command._composition import Composer
from pipeline.command.cli import conf_folder
from pipeline.command.grid import grid
from pipeline.config.check import without_hydra
from pipeline.errors import UserError

MASTER = ["sweep.name=x", "training.epochs=1,2"]
_made: dict[str, tuple[ConfigLoader, DictConfig, Composer]] = {}


@pytest.fixture(scope="module", autouse=True)
def _hydra() -> Iterator[None]:
    setup_globals()
    loader = Hydra.create_main_hydra2("run", create_config_search_path(str(conf_folder()))).config_loader
    master = loader.load_configuration("config", MASTER, RunMode.MULTIRUN)
    _made["it"] = (loader, master, Composer(master, loader))
    yield
    GlobalHydra.instance().clear()


def in_full(overrides: list[str], number: int) -> DictConfig:
    loader, master, _ = _made["it"]
    composed = loader.load_sweep_config(master, overrides)
    with open_dict(composed):
        composed.hydra.job.id, composed.hydra.job.num = f"run_{number}", number
        composed.hydra.runtime.output_dir = str(Path(f"outputs/x/{number}").absolute())
    return composed


def read(text: str) -> object:
    return OmegaConf.to_container(OmegaConf.create(text))


OVERRIDES = st.lists(
    st.sampled_from(
        [
            *("optimizer=adam", "dataset=cifar10", "schedule=one_cycle", "experiment=toy_linear", "sweep=halving"),
            *("optimizer.lr=0.1", "optimizer.lr=1e-3", "model.hidden=[3,4]", "model.l2_layers=[0]", "seed=7"),
            *("model.activation=tanh", "training.order_seed=${seed}", "+extra=1", "+extra.a.b='x y'", "~schedule"),
            *(
                "model={hidden:[3]}",
                "hydra.verbose=true",
                "model.l2_layers=null",
                "seed=${hydra:job.num}",
            ),
        ]
    ),
    unique_by=lambda text: text.lstrip("+~").partition("=")[0],
    max_size=5,
)


@settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
@given(drawn=OVERRIDES, number=st.integers(0, 2000))
def test_equals_what_hydra_composes(drawn: list[str], number: int) -> None:
    overrides = [*MASTER[:1], *drawn] if not any(text.startswith("sweep.name") for text in drawn) else drawn
    _, _, compose = _made["it"]
    try:
        expected = in_full(overrides, number)
    except HydraException:
        with pytest.raises(HydraException):
            compose(overrides, number)
        return
    job = compose(overrides, number)
    files = job.files()
    assert read(files["config.yaml"]) == OmegaConf.to_container(without_hydra(expected))
    hydra = OmegaConf.to_container(OmegaConf.masked_copy(expected, ["hydra"]), enum_to_str=True)
    assert read(files["hydra.yaml"]) == hydra
    assert read(files["overrides.yaml"]) == OmegaConf.to_container(expected.hydra.overrides.task)
    assert job.folder.name == str(number)


@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=4), data=st.data())
@settings(deadline=None, max_examples=25)
def test_a_grid_is_the_product_of_its_axes(counts: list[int], data: st.DataObject) -> None:
    loader, _, _ = _made["it"]
    overrides = [f"key{i}=" + ",".join(f"v{j}" for j in range(count)) for i, count in enumerate(counts)]
    jobs = grid(overrides, [], loader)
    total = 1
    for count in counts:
        total *= count
    assert len({tuple(job) for job in jobs}) == len(jobs) == total
    assert all([text.partition("=")[0] for text in job] == [f"key{i}" for i in range(len(counts))] for job in jobs)
    equal = [i for i, count in enumerate(counts) if count == counts[0] > 1]
    if len(equal) > 1:
        together = [f"key{i}" for i in data.draw(st.permutations(equal))]
        zipped = grid(overrides, [together], loader)
        assert len(zipped) == total // counts[0] ** (len(equal) - 1)
        for job in zipped:
            values = dict(text.split("=") for text in job)
            assert len({values[key] for key in together}) == 1


@pytest.mark.parametrize(
    ("zipped", "why"),
    [
        ([["a", "b"]], "a has 2, b has 3"),
        ([["a", "d"]], "d: not swept"),
        ([["a", "c"], ["c", "b"]], "c: already zipped with other keys"),
    ],
)
def test_keys_that_cannot_be_zipped(zipped: list[list[str]], why: str) -> None:
    loader, _, _ = _made["it"]
    with pytest.raises(UserError, match=why):
        grid(["a=1,2", "b=1,2,3", "c=5,6", "d=1"], zipped, loader)
