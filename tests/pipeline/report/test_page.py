"""The page as its reader has it: in a browser, by mouse and by keyboard, with and without scripts."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browsing import opened

from pipeline.report.build import build
from pipeline.report.comparison import Comparison
from pipeline.report.page import render
from pipeline.report.vocabulary import value_name
from pipeline.runs.predictions import Predicted
from pipeline.runs.read import collect

WriteRun = Callable[..., Path]
NASTY = "<script>alert(1)</script> 50% a_b & \"q\", 'x' | y * z </style>"
LIBRARIES = Path(render.__file__).parent / "browser" / "libraries"


@pytest.fixture
def report(reported: Path) -> Path:
    """The page of twelve runs, hidden × lr; run 7 (hidden=[16], lr=1) is the best, then 11, 10, 9, 8, 6, …, 0."""
    return reported / "report" / "index.html"


def data_of(path: Path) -> dict[str, Any]:
    """What the page gives its scripts."""
    match = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert match
    return dict(json.loads(match[1]))


def column(tab: Any, name: str) -> list[str]:
    """The texts of the table's rows as they are shown."""
    names = tab.locator("#runs thead tr > *").evaluate_all("(heads) => heads.map((head) => head.title)")
    return list(tab.locator(f"#runs tbody tr td:nth-child({names.index(name) + 1})").all_inner_texts())


def head(tab: Any, name: str) -> Any:
    return tab.locator(f"#runs thead th[title='{name}']")


def tick(tab: Any, *runs: str) -> None:
    for run in runs:
        tab.locator(f"#run-{run} input").check()


def series(tab: Any, which: int) -> list[str]:
    """Names of the coloured lines of a chart: 0 is loss, 1 the score."""
    tab.locator("#score-chart").scroll_into_view_if_needed()
    tab.locator("#score-chart path").first.wait_for(state="attached")
    return list(tab.evaluate(f"curveCharts[{which}].made.getOption().series.map((one) => one.name)"))


def test_table_sorts_by_mouse_and_by_keyboard(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        assert column(tab, "run") == ["7", "11", "10", "9", "8", "6", "5", "4", "3", "2", "1", "0"]
        head(tab, "learning rate").locator(".dt-column-title").click()
        tab.locator("#runs th[aria-sort=ascending]").wait_for()
        assert column(tab, "learning rate") == sorted(column(tab, "learning rate"), key=float)
        assert column(tab, "run")[:3] == ["8", "4", "0"]  # the earlier order among equals
        head(tab, "hidden units").locator("[role=button]").focus()
        tab.keyboard.press("Enter")
        tab.locator("#runs th[aria-sort=ascending]", has_text="hidden units").wait_for()
        assert column(tab, "hidden units") == ["8"] * 4 + ["16"] * 4 + ["32-8"] * 4  # by size, not by letter
        tab.keyboard.press("Enter")
        tab.locator("#runs th[aria-sort=descending]").wait_for()
        assert column(tab, "hidden units")[0] == "32-8"


def test_table_filters_and_the_curves_follow(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.get_by_role("searchbox").fill("32-8")
        assert set(column(tab, "hidden units")) == {"32-8"}
        assert series(tab, 0)[1:] == [
            f"run {run}, {split}" for run in (11, 10, 9, 8) for split in ("train", "validation")
        ]
        tab.get_by_role("button", name="Clear filters").click()
        assert len(column(tab, "run")) == 12
        head(tab, "validation accuracy, %").locator(".dtcc-button").click()
        menu = tab.locator(".dtcc-dropdown")
        menu.locator("select").select_option("greater")
        menu.locator("input").fill("60")
        assert column(tab, "run") == ["7", "11"]  # 95.0 and 61.0; 60 itself is not above
        tab.keyboard.press("Escape")
        head(tab, "hidden units").locator(".dtcc-button").focus()
        tab.keyboard.press("Enter")
        tab.locator(".dtcc-dropdown").get_by_role("button", name="32-8", exact=True).click()
        assert column(tab, "run") == ["11"]


def test_columns_hide(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.get_by_role("button", name="Columns").click()
        tab.locator(".dt-button-collection").get_by_role("button", name=re.compile(r"^train accuracy, %\W*$")).click()
        columns = tab.locator("#runs thead th").evaluate_all("(heads) => heads.map((head) => head.title)")
        assert "train accuracy, %" not in columns
        assert "test accuracy, %" in columns
        assert "status" not in columns  # all runs have finished


def test_selection_moves_curves_commands_and_the_difference(browser: Any, report: Path) -> None:
    with opened(browser, report, permissions=["clipboard-read", "clipboard-write"]) as tab:
        assert series(tab, 1)[1::2] == [f"run {run}, train" for run in (7, 11, 10, 9, 8)]
        tab.locator("#run-3 input").focus()
        tab.keyboard.press("Space")
        tick(tab, "6")
        assert series(tab, 1)[1:] == [f"run {run}, {split}" for run in (3, 6) for split in ("train", "validation")]
        assert tab.locator("#selected code").all_inner_texts() == [f"python -m pipeline run={run}" for run in (6, 3)]
        tab.get_by_role("button", name="Copy the command of run 3").click()
        tab.get_by_text("The command was copied to the clipboard.").wait_for()
        assert tab.evaluate("navigator.clipboard.readText()") == "python -m pipeline run=3"
        rows = {row[0]: row[1:] for row in difference(tab)}
        assert rows["learning rate"][:2] == ["0.1", "1"]
        assert rows["hidden units"][:2] == ["16", "8"]
        assert rows["validation accuracy, %"] == ["56.0", "53.0", "-3.0 ▼"]
        assert rows["validation loss"] == ["1.440", "1.470", "+0.030 ▼"]  # lower is better
        assert "optimizer" not in rows
        tab.get_by_role("button", name="Deselect").click()
        assert tab.locator("#selected li").count() == 0


def difference(tab: Any) -> list[list[str]]:
    lines = tab.locator("#difference tr").all()
    return [[cell.strip() for cell in line.locator("th, td").all_inner_texts()] for line in lines]


def test_two_runs_are_chosen_for_comparison(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.locator("#run-a").select_option("0")
        tab.locator("#run-b").select_option("0")
        assert "One and the same run." in tab.locator("#difference").inner_text()
        tab.locator("#run-b").select_option(label="0 (hidden units 8, learning rate 0.001)")
        assert difference(tab)[0][1:3] == ["run 7", "run 0"]
        assert ["test accuracy, %", "94.0", "49.0", "-45.0 ▼"] in difference(tab)


def with_predictions(run: Path, predicted: list[int], target: list[int]) -> None:
    checksum = Predicted(np.array(predicted, np.uint8), np.array(target, np.uint8)).write(run)
    result = json.loads((run / "result.json").read_text())
    result["files"] = {"predictions.npz": checksum}
    result["provenance"]["data"] = {"classes": ["cat", "dog", "<i>owl</i>"]}
    (run / "result.json").write_text(json.dumps(result))


def test_two_classifiers_are_compared_by_their_confusions(browser: Any, sweep: Path) -> None:
    target = [0, 0, 0, 1, 1, 1, 2]
    with_predictions(sweep / "7", [0, 0, 1, 1, 1, 2, 2], target)
    with_predictions(sweep / "11", [0, 1, 1, 1, 1, 1, 2], target)
    with_predictions(sweep / "10", [0, 1, 1, 1, 1, 1], target[:6])
    with opened(browser, build([sweep], column=None)) as tab:
        place = tab.locator("#confusion-difference")
        assert place.locator("h3").inner_text() == "Confusion on test, run 11 minus run 7"
        rows = [line.locator("th, td").all_inner_texts() for line in place.locator("tbody tr").all()]
        assert rows == [["cat", "−1", "+1", ""], ["dog", "", "+1", "−1"], ["<i>owl</i>", "", "", ""]]
        assert place.locator("td.loss").all_inner_texts() == ["−1", "+1"]  # the others are better
        assert (
            place.locator(".caption")
            .inner_text()
            .startswith("Run 11 has as many test examples right; most changed: 1 more of cat as dog, 1 fewer of dog as")
        )
        tab.locator("#run-b").select_option("2")  # run 10, of other test examples
        assert place.is_hidden()
        tab.locator("#run-b").select_option("3")  # of which no predictions were kept
        assert place.is_hidden()


def test_an_axis_keeps_what_is_dragged_on_it(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.locator("#axes-chart").scroll_into_view_if_needed()
        label = tab.locator("#axes-chart text", has_text=re.compile(r"^8$"))
        label.scroll_into_view_if_needed()
        place = label.bounding_box()
        x, y = place["x"] - 8, place["y"] + place["height"] / 2
        tab.mouse.move(x, y - 25)
        tab.mouse.down()
        tab.mouse.move(x, y, steps=5)
        tab.mouse.move(x, y + 25, steps=5)
        tab.mouse.up()
        tab.wait_for_function("table.rows({ search: 'applied' }).count() === 4")
        assert set(column(tab, "hidden units")) == {"8"}
        tab.get_by_role("button", name="Clear filters").click()
        assert len(column(tab, "run")) == 12


def test_a_curve_says_its_name_and_is_selected_by_a_click(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.locator("#score-chart").scroll_into_view_if_needed()
        tab.locator("#score-chart path").first.wait_for(state="attached")
        box = tab.locator("#score-chart").bounding_box()
        # Run 0 ends lowest; its line stands alone there.
        x, y = tab.evaluate("curveCharts[1].made.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [2, 50 * 2 / 3])")
        y += 2
        tab.mouse.move(box["x"] + x - 20, box["y"] + y)
        tab.mouse.move(box["x"] + x, box["y"] + y)
        tab.wait_for_function("document.getElementById('said-curves').textContent !== ''")
        assert tab.locator("#said-curves").inner_text() == "run 0: hidden units 8, learning rate 0.001"
        tab.mouse.click(box["x"] + x, box["y"] + y)
        assert tab.locator("#selected strong").all_inner_texts() == ["run 0"]


def test_heat_map_is_of_the_keys_and_the_figure_that_are_chosen(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        assert tab.locator("#heat-keys option").all_inner_texts() == ["learning rate and hidden units"]
        tab.locator("#heat-chart").scroll_into_view_if_needed()
        tab.locator("#heat-chart text").first.wait_for()
        before = tab.locator("#heat-chart text").all_text_contents()
        assert {"16", "95.0", "50.0"} <= set(before)
        tab.locator("#heat-figure").select_option("test accuracy")
        assert {"94.0", "49.0"} <= set(tab.locator("#heat-chart text").all_text_contents())


def test_names_that_could_break_a_page(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    runs = ["a&b'%_,\"<i>", "plain", "<b> | $x$"]
    for number, run in enumerate(runs):
        value = [NASTY, "plain", "__proto__"][number]
        write_run(tmp_path / "s_1 & <b>" / run, 0.9 - 0.1 * number, model__activation=value)
    with opened(browser, build([tmp_path / "s_1 & <b>"])) as tab:
        assert column(tab, "run") == runs
        assert column(tab, "activation")[0] == NASTY
        assert tab.locator(".meta").inner_text().startswith("s_1 & <b> · ")
        tab.locator("#runs tbody input").nth(0).check()
        tab.locator("#runs tbody input").nth(2).check()
        assert tab.locator("#selected strong").all_inner_texts() == [f"run {runs[0]}", f"run {runs[2]}"]
        assert difference(tab)[0][1:3] == [f"run {runs[0]}", f"run {runs[2]}"]
        assert ["activation", NASTY, "__proto__", ""] in difference(tab)
        for tip in ("runTip(0)", "curveTip([{ seriesName: page.settings[0], value: [1, 2], color: 'red' }])"):
            assert NASTY in tab.evaluate(f"{tip}.textContent")
            assert tab.evaluate(f"{tip}.querySelector('script, b, i, style')") is None
        assert tab.locator("main b, main i, #axes-chart script").count() == 0


def all_failed(sweep: Path, write_run: WriteRun) -> None:
    for number in range(2):
        failed = write_run(sweep / str(number), status="failed", message="MemoryError", seed=number)
        result = json.loads((failed / "result.json").read_text()) | {"metrics": {}, "seconds": {}}
        (failed / "result.json").write_text(json.dumps(result))
        (failed / "history.csv").unlink()


def regression(sweep: Path, write_run: WriteRun) -> None:
    for number in range(3):
        write_run(sweep / str(number), 0.5 + 0.1 * number, score="r2", optimizer__lr=10.0**-number)


def no_validation(sweep: Path, write_run: WriteRun) -> None:
    for number in range(2):
        write_run(sweep / str(number), validation=False, seed=number)


def one_run(sweep: Path, write_run: WriteRun) -> None:
    write_run(sweep / "0")


@pytest.mark.parametrize("kind", [all_failed, regression, no_validation, one_run])
def test_scripts_cope_with_every_kind_of_sweep(
    browser: Any, tmp_path: Path, write_run: WriteRun, kind: Callable[[Path, WriteRun], None]
) -> None:
    kind(tmp_path / "s", write_run)
    with opened(browser, build([tmp_path / "s"])) as tab:
        assert tab.locator("#runs tbody input").count() == len(
            data_of(tmp_path / "s" / "report" / "index.html")["runs"]
        )
        tab.locator("#runs tbody input").first.check()
        assert tab.locator("#selected li").count() == 1
        for chart in tab.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            chart.locator("path").first.wait_for(state="attached")
        assert tab.locator("html.scripted").count() == 1


def test_without_scripts_table_and_figures_are_there(browser: Any, report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as tab:
        assert tab.locator("#runs tbody tr:visible").count() == 12
        for name in ("learning_curves", "heat_map", "effects"):
            assert tab.locator(f"section[aria-labelledby={name}-title] figure svg").first.is_visible()
        assert tab.locator(".scripted-only:visible").count() == 0


def test_where_the_scripts_fail_the_still_page_comes_back(browser: Any, report: Path) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.add_init_script("delete window.ResizeObserver")  # as in a browser that is too old
    tab.goto(report.as_uri())
    assert tab.locator("section[aria-labelledby=learning_curves-title] .still svg").is_visible()
    assert tab.locator("#runs tbody tr:visible").count() == 12
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_telephone_and_can_be_read(browser: Any, report: Path, scheme: str) -> None:
    with opened(browser, report, width=390, color_scheme=scheme) as tab:
        tick(tab, "7", "11")
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        for place in (
            "p",
            ".soft",
            "#runs tbody td:nth-child(3)",
            "#runs tbody tr.selected td:nth-child(3)",
            "summary",
        ):
            assert tab.evaluate(CONTRAST, place) >= 4.5, place  # WCAG 2.2, 1.4.3


# Contrast of an element's text and the page behind it, a selected row's tint laid over.
CONTRAST = """(selector) => {
  const numbers = (colour) => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    for (const layer of [].concat(colour)) { context.fillStyle = layer; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => numbers(colour).slice(0, 3)
    .map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const style = getComputedStyle(document.querySelector(selector));
  const tint = style.boxShadow.match(/^(color|rgba?)\\([^)]*\\)/);
  const both = [luminance(style.color), luminance([style.backgroundColor, ...(tint ? [tint[0]] : [])])].sort();
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


def test_paper_has_all_rows_and_the_still_figures(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(60):
        write_run(tmp_path / "s" / str(number), 0.3 + 0.01 * number, optimizer__lr=0.1 + number)
    with opened(browser, build([tmp_path / "s"], column=None)) as tab:
        assert tab.locator("#runs tbody tr").count() == 50
        tab.emulate_media(media="print")
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert tab.locator("#runs tbody tr:visible").count() == 60
        assert tab.locator(".still svg").first.is_visible()
        assert not tab.locator("#loss-chart").is_visible()
        tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert tab.locator("#runs tbody tr").count() == 50


def test_a_live_page_keeps_what_was_chosen(browser: Any, sweep: Path) -> None:
    live = build([sweep], reload=5)  # seconds, enough for two clicks on a busy machine
    with opened(browser, live) as tab:
        tick(tab, "4")
        head(tab, "learning rate").locator(".dt-column-title").click()
        with tab.expect_navigation():
            pass
        tab.wait_for_function("document.querySelectorAll('#selected li').length === 1")
        assert tab.locator("#selected strong").all_inner_texts() == ["run 4"]
        assert column(tab, "learning rate") == sorted(column(tab, "learning rate"), key=float)


def test_policy_lets_the_pages_own_scripts_run_alone(browser: Any, report: Path, tmp_path: Path) -> None:
    tampered = tmp_path / "tampered.html"
    tampered.write_text(report.read_text().replace("</main>", "</main><script>document.title = 'run'</script>"))
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(tampered.as_uri())
    assert tab.title() == "Hidden units and learning rate on square, 12 runs"
    assert tab.locator("#runs input").count() == 12
    context.close()


def test_libraries_are_those_of_the_lock_file() -> None:
    packages = json.loads((LIBRARIES / "package-lock.json").read_text())["packages"]
    locked = {
        f"{folder.rpartition('node_modules/')[2]}@{about['version']} ({about['license']})"
        for folder, about in packages.items()
        if folder and not about.get("dev")
    }
    bundled = set(re.findall(r"^== (.+) ==$", (LIBRARIES.parent / "libraries.js").read_text(), re.MULTILINE))
    assert bundled == locked
    assert not any("resolved" in about for about in packages.values())


def test_page_of_many_runs_holds_the_best(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "ROWS", 5)
    report = build([sweep])
    words = report.read_text()
    assert "The page shows the best 5 of 12 runs" in words
    assert words.count('<tr id="run-') == 5
    assert data_of(report)["runs"] == ["7", "11", "10", "9", "8"]
    assert sum(cell[2] for cell in data_of(report)["heat_maps"]["maps"][0]["cells"]) == 12  # means are over all
    assert len(pd.read_csv(report.with_name("tables") / "table.csv")) == 12


def test_long_curves_are_thinned(tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path / "s" / "0", epochs=1000)
    report = build([tmp_path / "s"], column=None)
    curves = data_of(report)["curves"]
    epochs = curves["epochs"][0]
    assert len(epochs) == len(curves["validation_loss"][0]) == curves["points"] == 100
    assert [epochs[0], epochs[-1]] == [0, 1000]


def test_heat_maps_are_means_of_the_table(report: Path, reported: Path) -> None:
    heat_maps = data_of(report)["heat_maps"]
    runs = Comparison.of(collect([reported]).runs)
    (made,) = heat_maps["maps"]
    assert made["names"] == ["learning rate", "hidden units"]
    for across, down, count, diverged, *means in made["cells"]:
        same = (runs.runs["config.optimizer.lr"].map("{:g}".format) == made["levels"][0][down]) & (
            runs.runs["config.model.hidden"].map(value_name) == made["levels"][1][across]
        )
        assert count == same.sum() == 1
        assert diverged == 0
        assert means[heat_maps["figures"].index("test accuracy")] == pytest.approx(100 * runs.best("test")[same].mean())


def test_reports_on_the_same_data_stand_beside_the_best(tmp_path: Path, write_run: WriteRun) -> None:
    for number, best in enumerate((0.85, 0.89)):
        write_run(tmp_path / "s" / str(number), best, dataset__name="fashion_mnist", seed=number)
    report = build([tmp_path / "s"], column=None)
    words = " ".join(report.read_text().split())
    assert "Reported on the same data" in words
    # The report printed 0.8563 on the test split; the best here on validation is run 1, with 0.88 on test.
    assert '>85.63</td><td class="words">1</td><td class="number">88.00</td><td class="number">+2.37<' in words
    assert {one["name"] for one in data_of(report)["reported"]} >= {"mlp_256_batch1, test"}
    write_run(tmp_path / "t" / "0", dataset__name="square")
    assert "Reported on the same data" not in build([tmp_path / "t"], column=None).read_text()
