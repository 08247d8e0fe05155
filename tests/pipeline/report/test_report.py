"""What stands in the report is what stands in the run folders."""

import cProfile
import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import contents

from pipeline.errors import UserError
from pipeline.report.__main__ import main
from pipeline.report.build import build
from pipeline.report.comparison import Comparison
from pipeline.runs.read import collect

WriteRun = Callable[..., Path]
FIGURES = ("learning_curves", "importance", "effects", "heat_map")
FILES = {
    *("index.html", "report.md", "README.md"),
    *(f"tables/{name}" for name in ("table.csv", "table.md", "datapackage.json")),
    *(f"figures/{name}.{ending}" for name in FIGURES for ending in ("svg", "png")),
    *(f"paper/{name}.pdf" for name in FIGURES),
    *(f"paper/{name}" for name in ("paper.tex", "results.tex", "runs.tex", "settings.tex", "references.bib")),
}
NASTY = "<script>alert(1)</script> 50% a_b & \"q\", 'x' | y * z"


class Page(HTMLParser):
    """Words, rows, tags and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "data") and value]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.rows and self.rows[-1] and self.tags[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(folder: Path) -> Page:
    return Page((folder / "report" / "index.html").read_text())


def test_a_sweep_gives_all_files(sweep: Path) -> None:
    assert build([sweep]) == sweep / "report" / "index.html"
    assert set(contents(sweep / "report")) == FILES
    results = pd.read_csv(sweep / "results.csv")
    assert list(results["run"]) == list(range(12))
    assert {"run", "status", "config.model.hidden", "config.optimizer.lr"} < set(results.columns)
    assert {"metric.best_validation_accuracy", "metric.final_penalty", "seconds.total"} < set(results.columns)
    assert results["config.model.hidden"][11] == "[32,8]"


def test_table_is_sorted_by_validation_and_starts_with_the_swept_keys(reported: Path) -> None:
    table = pd.read_csv(reported / "report/tables/table.csv")
    assert list(table.columns) == [
        *("run", "hidden", "lr", "best_epoch", "validation_accuracy", "test_accuracy", "train_accuracy"),
        *("validation_loss", "seconds", "status"),
    ]
    assert list(table["run"]) == [7, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1, 0]
    assert table["validation_accuracy"].is_monotonic_decreasing
    history = pd.read_csv(reported / "7" / "history.csv").iloc[-1]
    for split in ("validation", "test", "train"):
        assert table[f"{split}_accuracy"][0] == history[f"{split}_accuracy"]


def test_the_best_is_marked_in_every_format(reported: Path) -> None:
    report = reported / "report"
    first, second = (report / "tables/table.md").read_text().splitlines()[2:4]
    assert first.startswith("| **7**")
    assert "**" not in second
    tex = (report / "paper/runs.tex").read_text()
    assert tex.count("\\bfseries 7 &") == 1
    assert "\\toprule" in tex
    assert (report / "index.html").read_text().count(' class="best">') == 1
    assert (
        "Best by validation: run 7 (hidden units 16, learning rate 1) at epoch 3, validation accuracy 95.0 %"
        in page_of(reported).text
    )


def test_page_loads_nothing(reported: Path) -> None:
    page = page_of(reported)
    files = {link for link in page.links if not link.startswith(("#", "data:image/png;base64,"))}
    assert {"tables/table.csv", "figures/effects.svg", "report.md", "paper/paper.tex"} <= files <= FILES
    assert "link" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "url(http" not in (reported / "report" / "index.html").read_text()
    assert page.text.count("python -m pipeline run=") == 12


def test_figures_say_what_their_axes_are(reported: Path) -> None:
    svgs = {path.stem: path.read_text() for path in (reported / "report/figures").glob("*.svg")}
    assert ">epoch<" in svgs["learning_curves"]
    assert ">loss (mean per example)<" in svgs["learning_curves"]
    assert "hidden units 16, learning rate 1 (run 7)" in svgs["learning_curves"]
    assert ">validation accuracy, %<" in svgs["effects"]
    assert {">learning rate<", ">hidden units<", ">32-8<"} <= set(re.findall(r">[^<>]+<", svgs["effects"]))
    assert ">accuracy, %<" in svgs["learning_curves"]
    assert ">95.0<" in svgs["heat_map"]
    assert ">mean validation accuracy, %<" in svgs["heat_map"]
    for path in (reported / "report/figures").glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_same_runs_give_the_same_bytes(sweep: Path) -> None:
    build([sweep])
    before = contents(sweep / "report")
    assert {path.rpartition(".")[2] for path in before} == {
        "html",
        "csv",
        "md",
        "json",
        "tex",
        "svg",
        "png",
        "pdf",
        "bib",
    }
    build([sweep])
    assert before == contents(sweep / "report")


def test_values_that_could_break_a_format_come_out_right(tmp_path: Path, write_run: WriteRun) -> None:
    for number, value in enumerate((NASTY, "plain")):
        write_run(tmp_path / "s" / str(number), 0.9 - 0.1 * number, model__activation=value)
    build([tmp_path / "s"])
    report = tmp_path / "s" / "report"
    assert next(csv.DictReader(io.StringIO((report / "tables/table.csv").read_text())))["activation"] == NASTY
    page = page_of(tmp_path / "s")
    assert page.rows[1][1] == NASTY
    assert page.tags.count("script") == 4  # the page's own
    cell = (report / "tables/table.md").read_text().splitlines()[2]
    assert cell.count(" | ") == len(page.rows[0]) - 1
    assert "&lt;script>" in cell
    tex = (report / "paper/runs.tex").read_text()
    assert "50\\% a\\_b \\& " in tex
    assert not set("<>|") & set(tex)


def test_bad_folders_are_named_and_the_rest_is_shown(sweep: Path) -> None:
    (sweep / "2" / "result.json").write_text('{"format": 1, "stat')
    (sweep / "4" / "result.json").unlink()
    (sweep / "4" / ".hydra").mkdir()
    (sweep / "4" / ".hydra" / "config.yaml").write_text("optimizer: {lr: 0.001}\nmodel: {hidden: [16]}\n")
    (sweep / "holiday photos").mkdir()
    (sweep / "12").mkdir()
    (sweep / "12" / "history.csv").write_text("")
    build([sweep])
    page = page_of(sweep)
    footnotes = page.text[page.text.index("Footnotes") :]
    for name in ("2", "4", "12", "holiday photos"):
        assert f"{sweep / name} : " in footnotes
    table = pd.read_csv(sweep / "report/tables/table.csv").set_index("run")
    assert len(table) == 12
    assert table["status"][4] == table["status"][2] == "interrupted"
    assert "2 interrupted runs" in page.text


def test_failed_and_diverged_runs_come_last_with_their_reasons(tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path / "s" / "0", 0.99, status="diverged", message="the objective was nan", optimizer__lr=9.0)
    write_run(tmp_path / "s" / "1", 0.7)
    failed = write_run(tmp_path / "s" / "2", status="failed", message="MemoryError: no more", optimizer__lr=1.0)
    result = json.loads((failed / "result.json").read_text()) | {"metrics": {}, "seconds": {}}
    (failed / "result.json").write_text(json.dumps(result))
    (failed / "history.csv").unlink()
    build([tmp_path / "s"])
    table = pd.read_csv(tmp_path / "s/report/tables/table.csv")
    assert list(table["status"]) == ["finished", "diverged", "failed"]
    page = page_of(tmp_path / "s")
    assert "1 diverged run, 1 failed run" in page.text
    assert "run 2, failed: MemoryError: no more" in page.text


def test_regression_is_scored_by_r2(tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(3):
        write_run(tmp_path / "s" / str(number), 0.5 + 0.1 * number, score="r2", seed=number)
    build([tmp_path / "s"])
    table = pd.read_csv(tmp_path / "s/report/tables/table.csv")
    assert list(table["validation_r2"]) == pytest.approx([0.7, 0.6, 0.5])
    assert "$R^2$" in (tmp_path / "s/report/paper/runs.tex").read_text()


def test_without_validation_nothing_is_picked(tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(3):
        write_run(tmp_path / "s" / str(number), 0.5 + 0.1 * number, validation=False, optimizer__lr=0.1 * (number + 1))
    build([tmp_path / "s"])
    table = pd.read_csv(tmp_path / "s/report/tables/table.csv")
    assert list(table["run"]) == [0, 1, 2]
    assert not [name for name in table if name.startswith("validation")]
    assert "**" not in (tmp_path / "s/report/tables/table.md").read_text()
    assert "no run is picked as the best" in page_of(tmp_path / "s").text


def test_one_run_by_itself(tmp_path: Path, write_run: WriteRun) -> None:
    folder = write_run(tmp_path / "only")
    build([folder])
    names = {path.name for path in (folder / "report/figures").iterdir()}
    assert "learning_curves.svg" in names
    assert "heat_map.svg" not in names
    assert "No heat map" not in page_of(folder).text  # of one run nothing is swept


def test_several_sweeps_together(sweep: Path, tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path / "other" / "0", 0.99, optimizer__name="adam", optimizer__beta1=0.9)
    page = build([sweep, tmp_path / "other"], tmp_path / "both")
    assert page == tmp_path / "both" / "index.html"
    table = pd.read_csv(tmp_path / "both/tables/table.csv")
    assert table["run"][0] == "other/0"
    assert set(table["run"][1:]) == {f"grid/{n}" for n in range(12)}
    assert "optimizer" in table.columns
    assert "beta1" not in table.columns  # it follows from the choice of the optimizer
    assert len(pd.read_csv(tmp_path / "other" / "results.csv")) == 1


def test_same_names_in_two_groups_are_told_apart(tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(2):
        write_run(tmp_path / "s" / str(number), dataset__seed=number, seed=1 - number, training__epochs=5 + number)
    comparison = Comparison.of(collect([tmp_path / "s"]).runs)
    assert set(comparison.swept.values()) == {"dataset.seed", "epochs"}
    assert set(comparison.replicating.values()) == {"seed"}


def test_a_key_that_repeats_another_is_shown_once(tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(2):
        write_run(tmp_path / "s" / str(number), training__order_seed=number, seed=number)
    comparison = Comparison.of(collect([tmp_path / "s"]).runs)
    assert (comparison.swept, comparison.replicating) == ({}, {"config.seed": "seed"})


def test_command_line(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(sweep)]) == 0
    assert capsys.readouterr().out == f"report: {sweep}/report/index.html\n"
    assert main([str(tmp_path / "nowhere")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(tmp_path / "nowhere") in error
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no runs found"):
        build([tmp_path / "empty"])


def test_runs_on_their_way_to_infinity_leave_the_figures_to_the_others(tmp_path: Path, write_run: WriteRun) -> None:
    for number, best in enumerate((0.5, 0.7, -1e308, 0.6)):
        run = write_run(tmp_path / "s" / str(number), best, score="r2", optimizer__lr=10.0**number, seed=number % 2)
        history = pd.read_csv(run / "history.csv")
        if number == 3:
            history.loc[3, ["train_loss", "objective", "validation_loss", "test_r2"]] = [np.inf, np.inf, 1e308, -np.inf]
        history.to_csv(run / "history.csv", index=False)
    build([tmp_path / "s"])
    table = pd.read_csv(tmp_path / "s/report/tables/table.csv")
    assert list(table["run"]) == [1, 3, 0, 2]


@pytest.mark.slow
def test_twice_as_many_runs_are_at_most_twice_the_work(tmp_path: Path, write_run: WriteRun) -> None:
    def calls(count: int) -> int:
        for number in range(count):
            write_run(tmp_path / str(count) / str(number), 0.5 + 0.4 * number / count, optimizer__lr=0.001 * number)
        with cProfile.Profile() as profile:
            build([tmp_path / str(count)], column=None)
        return sum(entry.callcount for entry in profile.getstats())

    calls(10)  # imports
    few, some, many = map(calls, (50, 100, 200))
    assert many - some < 2.3 * (some - few)
