// Parallel coordinates: a line a run through its settings and scores.
const FAINT = 0.05;
const scored = page.axes.at(-1)?.values ?? []; // what colours a line: the validation score, where there is one
const scores = scored.filter((value) => value !== null);
const ends = scores.length ? [Math.min(...scores), Math.max(...scores)] : [0, 0];
const [worst, best] = page.score.higher_is_better ? ends : ends.reverse();
// Rows come best first, and what is drawn last lies on top.
const drawn = page.runs.map((_, row) => row).reverse();

function lineOf(row) {
  const values = page.axes.map((one) => one.values[row] ?? "-");
  const share = scored[row] === null || worst === best ? 0 : (scored[row] - worst) / (best - worst);
  return { value: values, row, share };
}

const kept = new Map(); // number of an axis -> the intervals that were dragged on it

/** Whether a run passes through what was dragged on the axes. */
function withinAxes(row) {
  return [...kept].every(([dim, intervals]) => {
    const value = page.axes[dim].values[row];
    return value !== null && intervals.some(([low, high]) => low <= value && value <= high);
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
      return { value, row, lineStyle: { color: echarts.color.lerp(share, ramp), width: 1.2, opacity: 0.8 } };
    });
  const emphasis = { lineStyle: { color: colour("ink"), width: 4, opacity: 1 } };
  return [{ type: "parallel", data, progressive: 0, inactiveOpacity: FAINT, activeOpacity: 0.9, emphasis }];
}

function axesOptions(width) {
  const narrow = width < 640; // a telephone: the axes lie one below the other
  const gap = (width - 90) / Math.max(page.axes.length - 1, 1);
  const aboveAxis = { align: "left", verticalAlign: "bottom", padding: [0, 0, 5, 0], color: colour("ink"), backgroundColor: colour("paper") };
  const brush = { color: colour("link"), borderColor: colour("link"), opacity: 0.25 };
  return {
    parallel: {
      ...(narrow ? { left: 16, right: 28, top: 24, bottom: 28 } : { left: 30, right: 60, top: 44, bottom: 24 }),
      layout: narrow ? "vertical" : "horizontal",
      parallelAxisDefault: { areaSelectStyle: brush, realtime: false },
    },
    parallelAxis: page.axes.map(({ name, kind, levels }, dim) =>
      axis({
        dim,
        id: String(dim),
        name,
        type: kind,
        scale: true,
        ...(narrow ? { nameLocation: "start", nameGap: 0, nameTextStyle: aboveAxis } : { nameGap: 14, nameTruncate: { maxWidth: gap - 8, ellipsis: "…" } }),
        ...(kind === "category" ? { data: levels, axisLabel: { color: colour("ink") } } : { axisLabel: { color: colour("ink"), formatter: figure, hideOverlap: true } }),
      }),
    ),
    series: axesSeries(),
    tooltip: tooltip({ trigger: "item", formatter: ({ data: { row } }) => runTip(row) }),
  };
}

function runTip(row) {
  const figures = page.axes.slice(-2).map(({ name, values }) => element("div", {}, `${name}: ${figure(values[row])}`));
  return element("div", { class: "tip" }, element("strong", {}, nameOf(row)), element("div", {}, page.settings[row]), ...figures);
}

const axesChart = page.axes.length > 1 ? chart("axes-chart", axesOptions, () => ({ series: axesSeries() })) : null;
if (axesChart) {
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
