// Parallel coordinates: a line a run through its settings and scores.
const FAINT = 0.05;
const axisColumns = page.axes.map((key) => columnOf.get(key)).filter(Boolean);
const scored = columnOf.get(page.score.column)?.values ?? []; // what colours a line
const scores = scored.filter((value) => !missing(value));
const ends = scores.length ? [Math.min(...scores), Math.max(...scores)] : [0, 0];
const [worst, best] = page.score.higher_is_better ? ends : ends.reverse();
// Rows come best first, and what is drawn last lies on top.
const drawn = page.runs.map((_, row) => row).reverse();
const opacity = Math.max(0.15, Math.min(0.8, 60 / page.runs.length));

function lineOf(row) {
  const values = axisColumns.map((one) => one.values[row] ?? "-");
  const share = missing(scored[row]) || worst === best ? 0 : (scored[row] - worst) / (best - worst);
  return { value: values, row, share };
}

const kept = new Map(); // number of an axis -> the intervals that were dragged on it

/** Whether a run passes through what was dragged on the axes. */
function withinAxes(row) {
  return [...kept].every(([dim, intervals]) => {
    const value = axisColumns[dim].values[row];
    return !missing(value) && intervals.some(([low, high]) => low <= value && value <= high);
  });
}

function axesSeries() {
  const paint = chosen().length ? foremost() : new Map();
  const [shown, selected] = [new Set(passing()), new Set(chosen())];
  const ramp = [colour("low"), colour("middle"), colour("high")];
  const data = drawn
    .filter((row) => shown.has(row) || selected.has(row) || !withinAxes(row))
    .sort((one, other) => selected.has(one) - selected.has(other))
    .map((row) => {
      const { value, share } = lineOf(row);
      if (selected.has(row)) return { value, row, lineStyle: { color: paint.get(row) ?? colour("ink"), width: 3.5, opacity: 1 } };
      return { value, row, lineStyle: { color: echarts.color.lerp(share, ramp), width: 1.2, opacity } };
    });
  const emphasis = { lineStyle: { color: colour("ink"), width: 4, opacity: 1 } };
  return [{ type: "parallel", data, progressive: 0, inactiveOpacity: FAINT, activeOpacity: 0.9, emphasis }];
}

/** Labels that lines do not cross out, and ticks only where a value is. */
function axisLook(column, gap) {
  const scale = scaleOf(column);
  const label = { color: colour("ink"), textBorderColor: colour("paper"), textBorderWidth: 3, fontSize: 12, hideOverlap: true, formatter: figure, ...scale.axisLabel };
  if (isCategory(column)) return { axisLabel: { ...label, formatter: null, width: Math.max(gap - 24, 40), overflow: "truncate" }, axisTick: { show: false } };
  return { axisLabel: label, axisTick: { show: true, ...scale.axisTick } };
}

function axesOptions(width) {
  const narrow = width < 640; // a telephone: the axes lie one below the other
  const gap = (width - 90) / Math.max(axisColumns.length - 1, 1);
  const aboveAxis = { align: "left", verticalAlign: "bottom", padding: [0, 0, 5, 0], color: colour("ink"), backgroundColor: colour("paper") };
  const brush = { color: colour("link"), borderColor: colour("link"), opacity: 0.25 };
  return {
    parallel: {
      ...(narrow ? { left: 16, right: 28, top: 24, bottom: 28 } : { left: Math.max(30, Math.min(90, 3.6 * axisColumns[0].name.length)), right: 60, top: 44, bottom: 24 }),
      layout: narrow ? "vertical" : "horizontal",
      parallelAxisDefault: { areaSelectStyle: brush, realtime: false },
    },
    parallelAxis: axisColumns.map((column, dim) =>
      axis({
        dim,
        id: String(dim),
        name: column.name,
        ...scaleOf(column),
        ...(narrow ? { nameLocation: "start", nameGap: 0, nameTextStyle: aboveAxis } : { nameGap: 14, nameTruncate: { maxWidth: gap - 8, ellipsis: "…" } }),
        ...axisLook(column, gap),
      }),
    ),
    series: axesSeries(),
    tooltip: tooltip({ trigger: "item", formatter: ({ data: { row } }) => runTip(row) }),
  };
}

function runTip(row) {
  const figures = axisColumns.filter(({ kind }) => kind === "figure").map((column) => element("div", {}, `${column.name}: ${textOf(column, row)}`));
  return element("div", { class: "tip" }, element("strong", {}, nameOf(row)), element("div", {}, page.settings[row]), ...figures);
}

const axesChart = byId("axes-chart")
  ? chart("axes-chart", axesOptions, {
      part: () => ({ series: axesSeries() }),
      says: () => (scores.length ? `${page.score.heading} goes from ${scoreText(worst)} to ${scoreText(best)}; the first setting of the table is ${page.settings[0]}.` : "No run has a score."),
      table: () => ({ head: ["run", ...axisColumns.map((one) => one.name)], rows: passing().map((row) => [page.runs[row], ...axisColumns.map((one) => (isCategory(one) ? textOf(one, row) : one.values[row]))]) }),
    })
  : null;
if (axesChart) {
  byId("axes-chart-caption").textContent =
    `One line per run, stronger in colour the better its ${page.score.heading}. Drag along an axis to keep only the runs that pass there, in the table and the curves too; click on the axis to undo. Without a pointer, use the menus in the table’s header instead.`;
  answer(axesChart.made);
  axesChart.made.on("axisareaselected", ({ parallelAxisId, intervals }) => {
    if (intervals.length) kept.set(Number(parallelAxisId), intervals);
    else kept.delete(Number(parallelAxisId));
    table.search.fixed("axes", kept.size ? (_text, _data, row) => withinAxes(row) : null).draw();
  });
  cleared.push(() => {
    kept.clear();
    table.search.fixed("axes", null);
    axesChart.draw();
  });
}

/** What has changed in the table, without letting go of what was dragged on the axes. */
const drawAxes = () => axesChart?.draw("part");
