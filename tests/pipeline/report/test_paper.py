"""report.md and report/paper/ say what was asked, done and found, and the paper compiles as it is."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from pybtex.database import parse_file
from written import write_run

from pipeline.errors import UserError
from pipeline.report.__main__ import main
from pipeline.report.build import build
from pipeline.report.paper import column
from pipeline.report.paper._references import as_latex, as_markdown, bibliography, cite, entries_of, in_full, in_text

NASTY = "_ % & $x_$ # { } ~ ^ \\ <script> [x] | \" '"
SHIPPED = ROOT / "pipeline/report/paper/references.bib"


def write_sweep(folder: Path) -> Path:
    """Two rates, one of them in nasty words' company, on three seeds each."""
    number = 0
    for lr, activation, lead in ((0.1, NASTY, 0.05), (0.3, "[*]", 0.0)):
        for seed in range(3):
            best = 0.8 + lead + 0.003 * ((seed * 2 + number) % 5)
            settings = {"model__activation": activation, "optimizer__lr": lr, "seed": seed}
            write_run(folder / str(number), best, **settings)
            number += 1
    return folder


def media_box(pdf: bytes) -> tuple[float, float]:
    """Width and height of a page in PostScript points."""
    match = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert match
    return float(match[1]), float(match[2])


def report_of(folder: Path) -> str:
    return (folder / "report/report.md").read_text()


def built(folder: Path) -> str:
    """The text of a report that is built now."""
    build([folder])
    return report_of(folder)


def test_every_report_has_one(reported: Path) -> None:
    names = {path.name for path in (reported / "report/paper").iterdir()}
    assert names == {
        *("references.bib", "paper.tex", "results.tex", "runs.tex", "settings.tex"),
        *("learning_curves.pdf", "effects.pdf", "heat_map.pdf"),
    }
    paper, report = (reported / "report/paper/paper.tex").read_text(), report_of(reported)
    for name in names - {"references.bib", "paper.tex"}:
        assert f"{{{name.partition('.')[0]}}}" in paper
    for name in ("learning_curves", "effects", "heat_map"):
        assert f"\\cref{{fig:{name}}}" in paper
        assert f"\\label{{fig:{name}}}" in paper
        assert f"](figures/{name}.png)" in report
        assert (reported / f"report/figures/{name}.png").exists()
    assert "\\cref{tab:results}" in paper
    assert "\\label{tab:results}" in (reported / "report/paper/results.tex").read_text()
    headings = re.findall(r"^## (.*)$", report, re.M)
    assert headings == [*re.findall(r"\\section\{(.*)\}", paper)[:-1], "References"]
    assert headings[:5] == ["Question", "Data", "Model", "Method", "Results"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
@pytest.mark.skipif(
    not shutil.which("kpsewhich") or subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True).returncode != 0,
    reason="no siunitx",
)
def test_it_compiles_with_whatever_a_setting_holds(sweep: Path) -> None:
    build([sweep])
    paper = sweep / "report/paper"
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(command, cwd=paper, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
    log = (paper / "paper.log").read_text(errors="replace")
    assert "undefined" not in log
    assert "Missing character" not in log
    assert "Warning--" not in (paper / "paper.blg").read_text()
    assert (paper / "paper.pdf").read_bytes().startswith(b"%PDF")


def test_tables_are_aligned_by_siunitx(reported: Path) -> None:
    table = (reported / "report/paper/results.tex").read_text()
    assert re.search(r"S\[table-format=2\.1\(\d\), separate-uncertainty", table)
    assert re.search(r"\d\d\.\d \+- \d\.\d", table)
    assert "\\toprule" in table
    rows = [line for line in table.splitlines() if line.endswith("\\\\")]
    assert not [row for row in rows if row.startswith(("[", "*"))]  # would be an argument of the row before


def test_figures_are_as_wide_as_asked_and_reproducible(sweep: Path, tmp_path: Path) -> None:
    build([sweep], tmp_path / "a")
    first = {path.name: path.read_bytes() for path in (tmp_path / "a/paper").glob("*.pdf")}
    arguments = ["-m", "pipeline.report", str(sweep), "--out", str(tmp_path / "b")]
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, timeout=300)  # another process and hash seed
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "b/paper").glob("*.pdf")}
    for pdf in first.values():
        assert media_box(pdf)[0] == pytest.approx(84 / 25.4 * 72, abs=0.1)
        assert b"CreationDate" not in pdf
        assert b"/Type3" not in pdf.replace(b" ", b"")


def test_width_and_font_size_are_options(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = ["--out", str(tmp_path / "wide"), "--paper-width", "252pt", "--paper-font-size", "12"]
    assert main([str(sweep), *wide]) == 0
    assert media_box((tmp_path / "wide/paper/effects.pdf").read_bytes())[0] == pytest.approx(252 * 72 / 72.27, abs=0.1)
    capsys.readouterr()
    for bad in (
        ["--paper-width", "wide"],
        ["--paper-width", "84"],
        ["--paper-width", "3mm"],
        ["--paper-font-size", "0"],
    ):
        assert main([str(sweep), *bad]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert column("3.5in", 9).width == column("8.89cm", 9).width == pytest.approx(column("88.9mm", 9).width)
    with pytest.raises(UserError, match="--paper-width"):
        column("nanmm", 9)


def test_methods_tell_every_setting(sweep: Path) -> None:
    for path in sweep.glob("*/result.json"):
        result = json.loads(path.read_text())
        result["config"]["model"] |= {"dropout": 0.25, "strange": "novelty"}
        result["config"]["optimizer"] |= {"momentum": 0.9, "nesterov": True}
        result["provenance"]["examples"] = {"train": 5400, "validation": 600, "test": 1000}
        path.write_text(json.dumps(result))
    build([sweep])
    words = report_of(sweep)
    for fact in (
        *("5400 examples for training, 600 for validation, 1000 for test", "momentum 0.9", "Nesterov"),
        *("rate 0.25", "0.1 or 0.3", "model.strange = novelty", "3 epochs", "There are 6 runs", "is 0, 1 or 2"),
        *(
            "nothing is selected on test",
            "highest mean over seeds",
            "PyTorch 2.0",
            "Holm",
            "(Sutskever et al. 2013)",
        ),
    ):
        assert fact in words
    settings = (sweep / "report/paper/settings.tex").read_text()
    assert "model.strange & novelty & fixed" in settings
    assert "optimizer.lr & 0.1 or 0.3 & swept" in settings


def test_methods_tell_what_is_done_in_training_alone(tmp_path: Path) -> None:
    settings = {"dataset__cutout": 8, "training__averaging": 0.99, "training__mixup": 0.2}
    for number in range(2):
        write_run(tmp_path / "s" / str(number), optimizer__lr=0.1 * (number + 1), **settings)
    words = built(tmp_path / "s")
    for fact in (
        "A random square of each training image is covered (DeVries and Taylor 2017), with a side of 8 pixels.",
        "Training examples are mixed in pairs (Zhang et al. 2018) by shares from Beta(α, α), α = 0.2.",
        "a moving average of the weights (Polyak and Juditsky 1992; Tarvainen and Valpola 2017) with",
    ):
        assert fact in words
    assert "training.averaging = " not in words


def test_methods_tell_nothing_that_trains_nothing(tmp_path: Path) -> None:
    model = {"dropout": 0.0, "input_dropout": 0.0, "l2_layers": None, "initializer": "he", "initializer_scale": [0.01]}
    training = {"predictions": True, "device": "auto", "kernel": "auto", "threads": 1, "log_every": 0, "mixup": 0.0}
    settings = {f"model__{key}": value for key, value in model.items()}
    settings |= {f"training__{key}": value for key, value in training.items()}
    settings |= {"dataset__folds": 0, "dataset__fold": 0, "optimizer__nesterov": False, "report": True}
    for number in range(2):
        write_run(tmp_path / "s" / str(number), optimizer__lr=0.1 * (number + 1), **settings)
    words = built(tmp_path / "s")
    assert "Further settings" not in words
    for idle in ("Dropout", "penalty 0.5", "folds", "Label smoothing", "momentum"):
        assert idle not in words


def test_methods_of_networks_across_patches_name_their_activation_and_what_they_drop(tmp_path: Path) -> None:
    model = {"name": "patch_mlp", "patch_size": 7, "features": 64, "hidden_patches": 32, "hidden_features": 128}
    model |= {"depth": 2, "activation": "gelu", "initializer": "auto", "residual": True, "layer_norm": True}
    for number, rate in enumerate((0.0, 0.2)):
        settings = {f"model__{key}": value for key, value in model.items()} | {"model__hidden": None}
        write_run(tmp_path / "s" / str(number), model__dropout=rate, **settings)
    words = built(tmp_path / "s")
    for fact in (
        "Activation: GELU (Hendrycks and Gimpel 2016).",
        "Patches have sides of 7 pixels and 64 features after the stem; blocks: 2; hidden widths: 32 across patches, ",
        "Dropout (Srivastava et al. 2014): at rate 0 or 0.2 to the mean over patches.",
        "Weights start from He's normal initialisation",
    ):
        assert fact in words
    assert "hidden layers" not in words
    assert "on inputs" not in words


def test_dropout_of_several_kinds_of_networks_is_told_of_each(tmp_path: Path) -> None:
    for number, (name, rate) in enumerate((("mlp", 0.5), ("patch_mlp", 0.1), ("mlp", 0.25))):
        more = {"model__input_dropout": 0.2} if name == "mlp" else {}
        write_run(tmp_path / "s" / str(number), model__name=name, model__dropout=rate, **more)
    build([tmp_path / "s"])
    assert (
        "at rate 0.25 or 0.5 after hidden layers, at rate 0.1 to the mean over patches, at rate 0.2 on inputs."
        in report_of(tmp_path / "s")
    )


def test_the_address_of_the_code_stands_beside_its_commit(tmp_path: Path) -> None:
    run = write_run(tmp_path / "s" / "0")
    result = json.loads((run / "result.json").read_text())
    result["provenance"] |= {"git_commit": "0123456789abcdef", "git_url": "https://example.org/code.git"}
    (run / "result.json").write_text(json.dumps(result))
    build([tmp_path / "s"])
    assert "commit 0123456789ab of https://example.org/code.git" in report_of(tmp_path / "s").replace("\\", "")
    assert "https://example.org/code.git" in (tmp_path / "s/report/index.html").read_text()


def test_references_are_those_that_were_used(tmp_path: Path) -> None:
    settings = {"optimizer__name": "adam", "model__activation": "gelu", "dataset__name": "cifar10"}
    for number in range(2):
        write_run(tmp_path / "s" / str(number), optimizer__lr=0.1 * (number + 1), **settings)
    build([tmp_path / "s"])
    paper = tmp_path / "s/report/paper"
    entries = parse_file(paper / "references.bib").entries
    assert {"kingma2015adam", "hendrycks2016gaussian", "krizhevsky2009learning", "paszke2019pytorch"} <= set(entries)
    assert not {"sutskever2013importance", "xiao2017fashion", "holm1979simple", "akiba2019optuna"} & set(entries)
    keys = {
        key for group in re.findall(r"\\cite\{(.*?)\}", (paper / "paper.tex").read_text()) for key in group.split(",")
    }
    assert keys == set(entries)


def test_every_reference_is_whole_and_every_mark_has_one() -> None:
    shipped = parse_file(SHIPPED).entries
    for key, entry in shipped.items():
        assert entry.persons.get("author"), key
        assert {"title", "year"} <= set(entry.fields), key
    code = "".join(path.read_text() for path in SHIPPED.parent.glob("*.py"))
    marks = re.findall(r"""cite\(["'](\w+)["']\)""", code)
    assert len(marks) > 20
    assert set(marks) <= set(shipped)
    assert bibliography(entries_of(shipped)) == SHIPPED.read_text().rstrip("\n") + "\n\n"
    for key, entry in entries_of(shipped).items():
        assert shipped[key].persons["author"][0].last_names[0].strip("{}") in in_full(entry)
        assert in_text(key, entry).endswith(shipped[key].fields["year"])


def test_a_setting_cannot_forge_a_reference() -> None:
    words = "\\cite{x} [@x]" + cite("a", "b")
    entries = {key: f"@misc{{{key},\n  author = {{{key.upper()}, X.}},\n  year = {{2000}}\n}}" for key in "ab"}
    assert as_markdown(words, {}, entries).endswith(" (A 2000; B 2000)")
    assert as_latex(words).endswith("~\\cite{a,b}")
    assert as_latex(words).count("\\cite") == 1
