"""The page's first screen and its views: what they say, to whom, and that a view can be shared."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browsing import opened
from written import write_run

from pipeline.report.build import build
from pipeline.report.page._best import smoothness
from pipeline.report.statistics.calibration import calibration

WriteRun = Callable[..., Path]


@pytest.fixture
def report(reported: Path) -> Path:
    """The page of twelve runs."""
    return reported / "report" / "index.html"


def write_seeds(sweep: Path) -> Path:
    """Two rates on three seeds."""
    for number in range(6):
        lr, seed = (0.1, 0.01)[number // 3], number % 3
        best = (0.9, 0.6)[number // 3] + 0.01 * seed
        write_run(sweep / str(number), best, optimizer__lr=lr, seed=seed)
    return sweep


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their page."""
    return build([write_seeds(tmp_path_factory.mktemp("seeds") / "s")])


def with_setting(sweep: Path, **settings: str) -> None:
    for path in sweep.glob("*/result.json"):
        result = json.loads(path.read_text())
        result["config"]["sweep"] |= settings
        result.pop("sha256", None)
        path.write_text(json.dumps(result))


def tiles(tab: Any) -> dict[str, list[str]]:
    return {
        tile.locator("h2").inner_text(): [
            tile.locator(".figure").inner_text(),
            *tile.locator("li").all_inner_texts(),
        ]
        for tile in tab.locator(".tile").all()
    }


def test_first_screen_says_what_won_and_how_far_to_trust_it(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        assert tab.locator("h1").inner_text() == "Learning rate on square, 6 runs"
        said = tiles(tab)
        assert said["Best setting"][0] == "learning rate 0.1"
        # Test scores are 0.89, 0.90, 0.91: t(0.975, 2) · 0.01 / √3 = 0.0248.
        assert said["Test accuracy"] == ["90.0 ± 2.5 %", "95 % interval of the mean over 3 seeds"]
        assert said["Lead over the runner-up"][0] == "+30.0 points"
        assert said["How far to trust it"][0] == "n = 3 seeds"
        assert tab.locator("#overview-chart").bounding_box()["y"] < 900  # without scrolling
        label = tab.locator("#overview-chart").get_attribute("aria-label")
        assert (
            label == "All settings: Score of each setting. Best: learning rate 0.1, validation accuracy 91.0 %; "
            "worst: learning rate 0.01, 61.0 %."
        )


def test_title_and_note_are_the_users(browser: Any, tmp_path: Path) -> None:
    sweep = write_seeds(tmp_path / "s")
    with_setting(sweep, title="Why <b>rates</b> matter", note="We *expected* this.\n\n<script>alert(1)</script>")
    with opened(browser, build([sweep])) as tab:
        assert tab.locator("h1").inner_text() == tab.title() == "Why <b>rates</b> matter"
        assert tab.locator(".note em").inner_text() == "expected"
        assert "<script>" in tab.locator(".note").inner_text()  # as text


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, seeds: Path, width: int, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install '.[dev]'")
    with opened(browser, seeds, width=width, color_scheme=scheme, bypass_csp=True) as tab:
        for chart in tab.locator(".chart").all():
            chart.scroll_into_view_if_needed()
        for drawer in tab.locator("details").all():
            drawer.evaluate("(one) => (one.open = true)")
        tab.locator("#run-0 input").check()
        found = axe.Axe().run(tab).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_first_run_is_few_tabs_away_and_boxes_have_names(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Skip to the runs"
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "run 2"
        tab.keyboard.press("Space")
        assert tab.locator("#selected strong").all_inner_texts() == ["run 2"]


def test_a_view_is_shared_by_its_address(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.locator("#run-3 input").check()
        tab.locator("#runs thead th[title='learning rate'] .dt-column-title").click()
        tab.get_by_role("searchbox").first.fill("32-8")
        tab.locator("#curves-y").select_option("log")
        tab.wait_for_function("location.hash.includes('curves-y')")
        address = tab.evaluate("location.hash")
        rows = tab.locator("#runs tbody tr").evaluate_all("(rows) => rows.map((row) => row.id)")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(report.as_uri() + address)
    assert tab.locator("#runs tbody tr").evaluate_all("(rows) => rows.map((row) => row.id)") == rows
    assert tab.locator("#selected strong").all_inner_texts() == ["run 3"]
    assert tab.locator("#curves-y").input_value() == "log"
    tab.goto("about:blank")
    tab.goto(report.as_uri() + "#runs?order=%5B%5Bnonsense")  # cut off
    assert tab.locator("#runs tbody tr").count() == 12
    context.close()


def test_filtered_rows_are_saved_as_csv(browser: Any, report: Path) -> None:
    with opened(browser, report, accept_downloads=True) as tab:
        tab.get_by_role("searchbox").first.fill("16")
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Rows as CSV").click()
        table = pd.read_csv(download.value.path(), dtype=str)
        assert list(table["run"]) == ["7", "6", "5", "4"]
        assert table["validation accuracy"][0] == "0.95"  # a share, as in all files
        assert table["learning rate"][0] == "1"
        assert "status" not in table  # hidden, as all have finished


def test_further_columns_can_be_shown(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        tab.get_by_role("button", name="Columns").click()
        tab.locator(".dt-button-collection").get_by_role("button", name=re.compile(r"^parameters\W*$")).click()
        tab.keyboard.press("Escape")
        assert "parameters" in tab.locator("#runs thead th").evaluate_all(
            "(heads) => heads.map((head) => head.title || head.textContent)"
        )
        tab.wait_for_function("location.hash.includes('columns')")


def test_every_chart_says_its_result_and_has_its_data(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        charts = tab.locator(".chart").all()
        assert len(charts) >= 6
        for chart in charts:
            name = chart.get_attribute("id")
            assert re.search(r"\. .*\d", chart.get_attribute("aria-label")), name
            drawer = tab.locator(f"#{name}-data")
            drawer.locator("summary").click()
            drawer.locator("tbody tr").first.wait_for()  # it is filled when it opens


def test_pareto_line_holds_what_is_neither_beaten_nor_cheaper(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        front = tab.evaluate(
            """() => pareto([0, 1, 2, 3], { values: [1, 2, 2, 3] }, { values: [0.5, 0.4, 0.9, 0.8] }, 1)"""
        )
        assert front == [0, 2]
        assert tab.evaluate("scatterColumns().some(({ key }) => key.endsWith('seed'))") is False


def test_intervals_wider_than_the_means_are_apart_are_drawn_whole(
    browser: Any, tmp_path: Path, write_run: WriteRun
) -> None:
    for number in range(6):
        best = 0.8 + 0.001 * (number // 3) + 0.05 * (number % 3)
        write_run(tmp_path / "s" / str(number), best, optimizer__lr=(0.1, 0.01)[number // 3], seed=number % 3)
    with opened(browser, build([tmp_path / "s"], column=None)) as tab:
        low, high = tab.evaluate("overviewFrame()")
        ends = tab.evaluate("overview.settings.map((one) => [one.low, one.high])")
        assert len(ends) == 2
        assert all(low < start < 80 and 90 < end < high for start, end in ends)


def test_curves_begin_at_epoch_1_and_without_validation_show_test(
    browser: Any, tmp_path: Path, write_run: WriteRun
) -> None:
    for number in range(2):
        write_run(tmp_path / "s" / str(number), validation=False, seed=number)
    with opened(browser, build([tmp_path / "s"], column=None)) as tab:
        tab.locator("#loss-chart").scroll_into_view_if_needed()
        tab.locator("#loss-chart path").first.wait_for(state="attached")
        names = "curveCharts[0].made.getOption().series.filter((one) => one.type === 'line').map((one) => one.name)"
        assert {name.rpartition(", ")[2] for name in tab.evaluate(names)} == {"train", "test"}
        assert "the test split stands beside training" in tab.locator("#curves-caption").inner_text()
        first = "Math.min(...curveCharts[0].made.getOption().series.flatMap((one) => one.data.map(([x]) => x)))"
        assert tab.evaluate(first) == 1
        tab.locator("#curves-start").check()
        assert tab.evaluate(first) == 0


def test_many_curves_are_bands(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(120):
        write_run(tmp_path / "s" / str(number), 0.3 + 0.001 * number, optimizer__lr=0.1 + number)
    with opened(browser, build([tmp_path / "s"], column=None)) as tab:
        tab.locator("#loss-chart").scroll_into_view_if_needed()
        tab.locator("#loss-chart path").first.wait_for(state="attached")
        assert (
            tab.evaluate("curveCharts[0].made.getOption().series.find((one) => one.type === 'lines').data.length") == 0
        )
        assert "the middle half and nine tenths" in tab.locator("#curve-keys").inner_text()


def test_loss_by_step_is_drawn_where_it_was_logged(browser: Any, sweep: Path) -> None:
    steps = "step,batch_loss,running_mean\n" + "".join(f"{i},{2 / i},{3 / i}\n" for i in range(1, 50))
    (sweep / "7" / "steps.csv").write_text(steps)
    with opened(browser, build([sweep], column=None)) as tab:
        assert "Run 7 ends at a running mean of 0.06122" in tab.locator("#steps-chart").get_attribute("aria-label")


def test_infinite_values_do_not_end_a_report(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(3):
        write_run(tmp_path / "s" / str(number), 0.5, score="r2", optimizer__lr=0.1 + number)
    diverged = tmp_path / "s" / "2"
    table = pd.read_csv(diverged / "history.csv")
    table.loc[1:, ["train_loss", "validation_loss"]] = float("inf")
    table.loc[1:, ["train_r2", "validation_r2", "test_r2"]] = -1e300
    table.to_csv(diverged / "history.csv", index=False)
    result = json.loads((diverged / "result.json").read_text())
    result["metrics"] |= {"best_validation_r2": -1e300, "best_test_r2": None, "best_validation_loss": None}
    result["status"] = "diverged"
    (diverged / "result.json").write_text(json.dumps(result))
    with opened(browser, build([tmp_path / "s"])) as tab:
        for chart in tab.locator(".chart").all():
            chart.scroll_into_view_if_needed()
        assert "1 run diverged" in tiles(tab)["How far to trust it"]


def test_a_single_run_has_no_axes_and_no_picture_of_settings(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path / "s" / "0")
    with opened(browser, build([tmp_path / "s" / "0"])) as tab:
        assert tab.locator("#axes-chart, #scatter-chart, #overview-chart, #two").count() == 0
        assert tab.locator("#loss-chart").bounding_box()["y"] < 900


def test_table_fits_its_window(browser: Any, report: Path) -> None:
    for width in (1280, 1440):
        with opened(browser, report, width=width) as tab:
            region = tab.locator(".dt-layout-table")
            assert region.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), width
    with opened(browser, report, width=390) as tab:
        score = tab.locator("#runs tbody tr:first-child td.score").bounding_box()
        assert 0 <= score["x"] <= 390 - score["width"]


def test_calibration_of_a_network_that_is_as_sure_as_it_is_right() -> None:
    import numpy as np

    probability = np.repeat([0.25, 0.75], 4)
    bins = calibration(probability, np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=bool))
    assert bins.error == 0
    assert bins.count.tolist() == [4, 4]
    assert calibration(np.ones(4), np.array([True, True, False, False])).error == 0.5
    apart = calibration(np.array([1.0, 0.85]), np.array([False, True]))  # in the last bin and in the one before
    assert apart.count.tolist() == [1, 1]
    assert apart.error == pytest.approx(0.5 * 1 + 0.5 * 0.15)


def test_weights_that_are_noise_are_told_from_those_that_are_not() -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    assert abs(smoothness(rng.normal(size=(16, 28, 28)))) < 0.05
    waves = np.sin(np.linspace(0, 6, 28))[None, None, :] + rng.normal(size=(16, 28, 28)) * 0.1
    assert smoothness(waves) > 0.9
    assert smoothness(np.zeros((2, 5, 5))) == 0


def test_the_best_of_many_rows_stands_below_the_head(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(40):
        write_run(tmp_path / "s" / str(number), 0.9 - 0.01 * number, optimizer__lr=0.01 * (number + 1))
    with opened(browser, build([tmp_path / "s"])) as tab:
        head, row = tab.locator("#runs thead th").first.bounding_box(), tab.locator("#runs tbody tr").first
        assert row.get_attribute("id") == "run-0"
        assert row.bounding_box()["y"] >= head["y"] + head["height"] - 1


def test_a_setting_of_many_keys_is_named_by_its_run(browser: Any, tmp_path: Path, write_run: WriteRun) -> None:
    for number in (0, 1):
        keys = {f"model__key_{i}": number * 1000 + i for i in range(12)}
        write_run(tmp_path / "s" / str(number), 0.9 + 0.01 * number, **keys)
    with opened(browser, build([tmp_path / "s"])) as tab:
        first_screen = tiles(tab)
        assert first_screen["Best setting"][0] == "that of run 1"
        assert first_screen["Lead over the runner-up"][1] == "on validation, before that of run 0"
