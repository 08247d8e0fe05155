"""What users type that cannot be: one line that says what is wrong, where and what to do; nothing is written."""

from pathlib import Path

import pytest
from typing_here import typed

FILES = {
    "conf/experiment/typo.yaml": "# @package _global_\noptimizer: {lrr: 0.1}\n",
    "conf/experiment/tab.yaml": "# @package _global_\noptimizer:\n\tlr: 0.1\n",
    "conf/experiment/group.yaml": "# @package _global_\ndefaults:\n  - override /dataset: mnist\n",
    "conf/experiment/base.yaml": "# @package _global_\ndefaults:\n  - common\n",
    "conf/experiment/search.yaml": "# @package _global_\ndefaults:\n  - override /hydra/sweeper: search\n",
    "conf/experiment/halving.yaml": "# @package _global_\ndefaults:\n  - override /sweep: halving\n",
    "conf/experiment/lists.yaml": "# @package _global_\nsweep:\n  grids:\n    - {optimizer.lr: [0.1, 0.2]}\n",
    "conf/experiment/plain.yaml": "# @package _global_\nseed: 1\n",
    "conf/dataset/nameless.yaml": "samples: 9\n",
    "conf/dataset/spare.yaml": "defaults: [square, _self_]\nrows: 9\n",
}
GRID = "sweep.grids=[{optimizer: sgd, optimizer.momentum: '0,0.9'}, {optimizer: adam}]"
CASES = {
    # groups and choices
    "dataset=mnist": "dataset=mnist: no such choice; there are arrays, ",
    "dataset=squares": "did you mean square?; your own would be conf/dataset/squares.yaml in the current folder",
    "experiment=typos": "experiment=typos: no such choice; there are base, best_cifar10, ",
    "hydra/launcher=stack": "hydra/launcher=stack: no such choice; there are basic, ",
    "-m dataset=square,nothing": "dataset=nothing: no such choice; there are arrays, ",
    "-m dataset=nothing,square": "dataset=nothing: no such choice; there are arrays, ",
    "model=null": "model=null: a group needs a choice; model=layers|mlp|patch_mlp",
    "model=3": "model=3: a group needs a choice; model=layers|mlp|patch_mlp",
    "hydra=null": "hydra=null: Hydra's settings are no choice; leave it out",
    "+dataset=square": "dataset: chosen twice; one choice of it is already among the defaults: leave out the +",
    "optimzer=adam": "optimzer=adam: no such key; the configuration has dataset, model, optimizer, report, ",
    # keys
    "optimizer.lrr=1": "optimizer=sgd has lr, momentum, nesterov, weight_decay; did you mean optimizer.lr?",
    "epochs=3": "epochs=3: no such key; the configuration has dataset, model, optimizer, report, schedule, ",
    "dataset=iris.csv": "a file is named by its key, such as dataset=table dataset.path=iris.csv dataset.target=COLUMN",
    "lr=0.1": "did you mean optimizer.lr?",
    "dataset=square dataset.root=x": "dataset.root=x: dataset=square has no such key; dataset=cifar10, ",
    "dataset=square dataset.sample=9": "fold, folds, samples, seed, validation_fraction; did you mean dataset.sa",
    "optimizer.momentum=0.5 optimizer=adam": "optimizer.momentum=0.5: optimizer=adam has no such key; optimizer=sgd ha",
    "-m optimizer=sgd,adam optimizer.momentum=0,0.9": (
        "optimizer.momentum=0,0.9: optimizer=adam has no such key; optimizer=sgd has it; give each choice its own "
        "keys: 'sweep.grids=[{optimizer: sgd, optimizer.momentum: \"0,0.9\"}, {optimizer: adam}]' in place of "
        "optimizer and optimizer.momentum (in 2 of 4 jobs: 2, 3)"
    ),
    "-m optimizer=adam,sgd optimizer.momentum=0.5": "optimizer.momentum=0.5: optimizer=adam has no such key; ",
    "-m optimizer=adam seed=0,1 optimizer.beta=1": "optimizer.beta=1: no such key; optimizer=adam has beta1, ",
    # the user's folder
    "experiment=typo": "optimizer.lrr=0.1: no such key; optimizer=sgd has lr, ",
    "experiment=tab": "tab.yaml, line 3: not YAML: found character '\\t' that cannot start any token; correct the file",
    "experiment=group": "dataset=mnist: no such choice; there are arrays, ",
    "experiment=base": "experiment/base: defaults: no file experiment/common.yaml; write conf/experiment/common.yaml",
    "dataset=nameless": "dataset.name: missing; give dataset.name=",
    "dataset=spare": "dataset.rows=9: no such key; dataset=square has fold, folds, samples, ",
    "--config-name mine": "--config-name mine: no such file; write conf/mine.yaml, which begins with `defaults: [confi",
    "--config-dir nowhere dataset=square": "nowhere' not found",
    "--experimental-rerun run.pickle": "--experimental-rerun: reads a pickle, which can run any code; to repeat a run,",
    # several grids
    "experiment=plain,typo": "experiment=plain,typo: several values; add -m to sweep over them, or write experiment=[",
    "seed=range(0,3)": "seed=range(0,3): several values; add -m to sweep over them",
    f"{GRID}": "sweep.grids: are several runs; add -m",
    "-m sweep.grids=3": "sweep.grids: not a list; give [{optimizer: sgd, optimizer.lr: '0.01,0.1'}, {…}]",
    "-m sweep.grids=[3]": "sweep.grids: grid 1: 3 has no keys; write {key: 'value,value', other.key: value}",
    "-m sweep.grids=[{optimizer:[sgd,adam]}]": "sweep.grids: grid 1, optimizer: a list; write the values as text: ",
    "-m sweep.grids=[{seed:1},{sweep.kind:'grid,halving'}]": "sweep.grids: grid 2, sweep.kind: not a key that runs can",
    "-m sweep.grids=[{optimizer:sgdd}]": "optimizer=sgdd: no such choice; there are adam, sgd; did you mean sgd?; your",
    "-m sweep.grids=[{optimizer.lr:'-1,1'}]": "optimizer.lr=-1: should be greater than 0; allowed: a learning rate abo",
    "-m experiment=lists": "sweep.grids: grid 1, optimizer.lr: a list; write the values as text: optimizer.lr: '0.1,0.",
    "-m seed=0,1 sweep.zip=[[seed,model.l2]] sweep.grids=[{optimizer:sgd}]": "sweep.zip: model.l2: not swept; give it ",
    "-m sweep.zip=[[model.l2,optimizer.lr]] seed=0,1": "sweep.zip: model.l2: not swept; give it several values, once",
    f"-m hydra/sweeper=search {GRID}": "hydra/sweeper=search: searches one space, not sweep.grids nor several experime",
    "-m hydra/sweeper=search experiment=plain,lists": "hydra/sweeper=search: searches one space, not sweep.grids nor",
    f"-m hydra/sweeper=basic {GRID}": "hydra/sweeper=basic: does not know sweep.grids; use hydra/sweeper=grid",
    "-m hydra/sweeper=basic experiment=plain,typo": "hydra/sweeper=basic: does not know several experiments; use ",
    "-m experiment=plain,search": "experiment=search: hydra/sweeper is search there and grid in another experiment, bu",
    "-m experiment=plain,halving": "experiment=halving: sweep.kind is halving there and grid in another experiment, bu",
    "-m sweep=grid,halving": "sweep.kind: grid for some jobs and halving for others; a sweep has one: give sweep.kind=",
    "-m sweep=halving training.epochs=2 seed=0,1": "sweep.rungs=3: more than training.epochs=2; change either",
    "-m sweep.replicates=[dataset.sed] seed=0,1": "sweep.replicates: dataset.sed: no such key; dataset has ",
    "-m sweep.replicates=[optimizer.foo] seed=0,1": "sweep.replicates: optimizer.foo: no such key; optimizer has beta1",
    "-m sweep.replicates=[foo] seed=0,1": "sweep.replicates: foo: no such key; the configuration has dataset, ",
    "-m hydra/launcher=basic sweep=halving seed=0,1": "hydra/launcher=basic: trains runs to their end, not sweep=halvi",
    # values of the environment and other letters
    "optimizer.lr=${oc.env:NOT_SET}": "optimizer.lr: environment variable NOT_SET is not set; set it, or give a defaul",
    "-m optimizer.lr=${oc.env:NOT_SET},0.1": "optimizer.lr: environment variable NOT_SET is not set; set it, or give a",
    "optimizer.lr=${oc.env:EMPTY}": "optimizer.lr=: should be a valid number; allowed: a learning rate above 0",
    "optimizer.lr=${oc.env:BRACKET}": "optimizer.lr=[1,: should be a valid number; allowed: a learning rate above 0",
    "-m sweep.name=größe seed=0,1": "sweep.name=größe: not readable; give the value quotes of its own: 'sweep.name=\"g",
}


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder, whose files have mistakes."""
    folder = tmp_path_factory.mktemp("stranger")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("words", CASES)
def test_one_line_says_what_to_do(
    folder: Path, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("BRACKET", "[1,")
    typing = words.replace(GRID, "GRID").split()
    done = typed(folder, monkeypatch, capsys, *(GRID if word == "GRID" else word for word in typing))
    assert done.status == 1
    [line] = [line for line in done.error.splitlines() if not line.startswith("using conf/")]
    assert CASES[words] in line
    assert contents(folder) == sorted(FILES)
