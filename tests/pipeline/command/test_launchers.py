"""One contract for every launcher: the same folders and the same figures as the run alone."""

import json
from pathlib import Path

import pandas as pd
import pytest
from commands import NO_REPORT, results
from commands import ended as pipeline

ROOT = Path(__file__).parents[3]
FILES = {"history.csv", "result.json", "model.safetensors", "predictions.npz", "run.log", ".hydra"}
COMMON = [
    "dataset=square",
    "dataset.samples=200",
    "training.batch_size=16",
    "training.dtype=float64",
    "training.epochs=2",
]
QUIET = [*COMMON, NO_REPORT]
GRID = ["model.hidden=[4],[6]", "optimizer.lr=0.1,0.3", "model.l2=0,1e-3"]


def figures(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "history.csv").drop(columns="seconds")


class LauncherContract:
    """What each launcher keeps; a subclass names it and how closely its figures must agree."""

    launcher: str
    tolerance: float
    plugin: str | None = None  # what must be installed for it

    @pytest.fixture(scope="class")
    @classmethod
    def sweep(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        if cls.plugin:
            pytest.importorskip(cls.plugin)
        folder = tmp_path_factory.mktemp(cls.launcher)
        done = pipeline(folder, "-m", f"hydra/launcher={cls.launcher}", "sweep.name=s", *COMMON, *GRID)
        assert "report: outputs/s/report/index.html" in done.stdout.splitlines()
        return folder / "outputs" / "s"

    def test_every_job_has_its_folder(self, sweep: Path) -> None:
        assert {path.name for path in sweep.iterdir() if path.name.isdigit()} == {str(n) for n in range(8)}
        for n in range(8):
            assert {path.name for path in (sweep / str(n)).iterdir()} == FILES
            hydra = {path.name for path in (sweep / str(n) / ".hydra").iterdir()}
            assert hydra == {"config.yaml", "hydra.yaml", "overrides.yaml"}

    def test_results_have_one_row_a_run(self, sweep: Path) -> None:
        table = pd.read_csv(sweep / "results.csv")
        assert list(table["run"]) == list(range(8))
        assert set(table["status"]) == {"finished"}
        assert table["config.model.l2"].nunique() == 2

    def test_same_figures_as_the_run_alone(self, sweep: Path, alone: dict[int, Path]) -> None:
        for number, run in alone.items():
            expected, actual = figures(run), figures(sweep / str(number))
            pd.testing.assert_frame_equal(
                actual, expected, rtol=self.tolerance, atol=0, check_exact=self.tolerance == 0
            )

    def test_command_in_the_result_is_that_of_the_run(self, sweep: Path) -> None:
        result = json.loads((sweep / "5" / "result.json").read_text())
        assert result["provenance"]["command"] == (
            "python -m pipeline dataset=square dataset.samples=200 training.batch_size=16 training.dtype=float64 "
            "training.epochs=2 'model.hidden=[6]' optimizer.lr=0.1 model.l2=0.001"
        )


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Jobs 0 and 5 of the grid, each by itself."""
    settings = {
        0: ("model.hidden=[4]", "optimizer.lr=0.1", "model.l2=0"),
        5: ("model.hidden=[6]", "optimizer.lr=0.1", "model.l2=1e-3"),
    }
    runs = {}
    for number, overrides in settings.items():
        folder = tmp_path_factory.mktemp(f"alone{number}")
        pipeline(folder, *QUIET, *overrides)
        [runs[number]] = (folder / "outputs" / "runs").iterdir()
    return runs


class TestBasic(LauncherContract):
    launcher, tolerance = "basic", 0.0


@pytest.mark.slow
class TestJoblib(LauncherContract):
    launcher, tolerance = "joblib", 0.0


class TestSubmitit(LauncherContract):
    launcher, tolerance = "submitit_local", 0.0
    plugin = "hydra_plugins.hydra_submitit_launcher"


class TestRay(LauncherContract):
    launcher, tolerance = "ray", 0.0
    plugin = "hydra_plugins.hydra_ray_launcher"


class TestStacked(LauncherContract):
    launcher, tolerance = "stacked", 1e-10  # runs of a stack share products; a stack of one is exact


def test_a_stack_of_one_is_exact(tmp_path: Path) -> None:
    """The same run twice, by the launcher and alone: bit for bit, weights too."""
    pipeline(tmp_path, *QUIET, "model.dropout=0.3")
    pipeline(tmp_path, "-m", "sweep.name=s", *QUIET, "model.dropout=0.3", "seed=0")
    [run] = (tmp_path / "outputs" / "runs").iterdir()
    other = tmp_path / "outputs" / "s" / "0"
    pd.testing.assert_frame_equal(figures(run), figures(other), check_exact=True)
    assert (run / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()


@pytest.mark.parametrize("launcher", ["stacked", "basic", "joblib"])
def test_mistakes_of_all_jobs_are_told_before_anything_is_trained(tmp_path: Path, launcher: str) -> None:
    wrong = ("optimizer.lr=0.1,-1,0", "model.hidden=[4],256")
    done = pipeline(tmp_path, "-m", "sweep.name=s", f"hydra/launcher={launcher}", *wrong, status=1)
    assert done.stderr.splitlines() == [
        "model.hidden=256: should be a valid list; allowed: a list of hidden widths, each 1 or more, such as [256] or "
        "[800,300] (in 3 of 6 jobs: 1, 3, 5)",
        "optimizer.lr=-1: should be greater than 0; allowed: a learning rate above 0 (in 2 of 6 jobs: 2, 3)",
        "optimizer.lr=0: should be greater than 0; allowed: a learning rate above 0 (in 2 of 6 jobs: 4, 5)",
    ]
    assert not list((tmp_path / "outputs" / "s").glob("*/"))


def test_results_are_never_overwritten(tmp_path: Path) -> None:
    arguments = ("-m", *QUIET, "sweep.name=s", "optimizer.lr=0.1,0.3")
    pipeline(tmp_path, *arguments)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = pipeline(tmp_path, *arguments, "hydra/launcher=basic", status=1)
    assert done.stderr == (
        "outputs/s: already holds runs, which would be overwritten; give another sweep.name, or resume them with "
        "hydra/launcher=stacked\n"
    )
    done = pipeline(tmp_path, *COMMON, "hydra.run.dir=outputs/s/0", status=1)
    assert done.stderr == "hydra.run.dir=outputs/s/0: already holds a run; give another folder\n"
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_diverged_run_leaves_the_others(tmp_path: Path) -> None:
    pipeline(tmp_path, "-m", "sweep.name=s", *QUIET, "dataset=linear", "optimizer.lr=1e-3,1e6", "training.epochs=3")
    table = results(tmp_path / "outputs" / "s")
    assert list(table["status"]) == ["finished", "diverged"]
    assert table["metric.final_validation_r2"][0] > 0
    assert "try a smaller optimizer.lr" in json.loads((tmp_path / "outputs/s/1/result.json").read_text())["message"]


def test_an_experiment_may_be_a_sweep_and_its_rows_may_be_run_again(tmp_path: Path) -> None:
    conf = tmp_path / "mine" / "experiment"
    conf.mkdir(parents=True)
    (conf / "tiny.yaml").write_text(
        "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      optimizer.lr: 0.1,0.3\n"
    )
    arguments = ("--config-dir", "mine", "experiment=tiny", *QUIET)
    pipeline(tmp_path, *arguments, "sweep.name=s")
    sweep = tmp_path / "outputs" / "s"
    command = json.loads((sweep / "1" / "result.json").read_text())["provenance"]["command"].split()
    assert command[-1] == "hydra.mode=RUN"
    assert "optimizer.lr=0.3" in command
    pipeline(tmp_path, "--config-dir", "mine", *command[3:])
    [run] = (tmp_path / "outputs" / "runs").iterdir()
    pd.testing.assert_frame_equal(figures(run), figures(sweep / "1"), rtol=1e-10, atol=0)


@pytest.mark.parametrize("launcher", ["stacked", "basic"])
def test_a_job_that_fails_is_recorded_and_the_others_go_on(tmp_path: Path, launcher: str) -> None:
    (tmp_path / "broken.py").write_text("def metric(predictions):\n    raise ValueError('out of order')\n")
    options = ["sweep.name=s", *COMMON, f"hydra/launcher={launcher}", "training.metrics=[broken:metric],[]"]
    done = pipeline(tmp_path, "-m", *options, status=1)
    table = pd.read_csv(tmp_path / "outputs" / "s" / "results.csv")
    assert list(table["status"]) == ["failed", "finished"]
    assert "out of order" in table["message"][0]
    assert done.stdout.splitlines()[-1] == "report: outputs/s/report/index.html"
    assert str(Path("outputs", "s", "0")) in done.stderr.splitlines()[-1]
