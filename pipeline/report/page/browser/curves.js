// Learning curves: the foremost runs in colour, the others that pass the filters in grey behind them.
const { curves } = page;
const reportedToo = byId("show-reported");

function curveOptions(quantity, label) {
  const paint = foremost();
  const main = curves[`validation_${quantity}`].some((points) => points.length) ? "validation" : "train";
  const selected = new Set(chosen());
  const behind = passing().filter((row) => !paint.has(row) && curves[`${main}_${quantity}`][row].length > 1);
  const lines = {
    type: "lines",
    name: "others",
    coordinateSystem: "cartesian2d",
    polyline: true,
    tooltip: { show: false },
    lineStyle: { color: colour("others"), width: 1, opacity: 0.4 },
    emphasis: { lineStyle: { color: colour("ink"), width: 3, opacity: 1 } },
    data: behind.map((row) => ({
      row,
      coords: curves[`${main}_${quantity}`][row],
      lineStyle: selected.has(row) ? { color: colour("ink"), opacity: 0.8 } : {},
    })),
  };
  const series = [lines];
  for (const [row, paintOf] of paint) {
    for (const split of ["train", "validation"]) {
      const style = { color: paintOf, width: 2, type: split === "train" ? "dashed" : "solid" };
      const data = curves[`${split}_${quantity}`][row];
      series.push({ type: "line", id: `${row} ${split}`, name: `${nameOf(row)}, ${split}`, data, lineStyle: style, itemStyle: { color: paintOf }, showSymbol: data.length < 2, z: 3 });
    }
  }
  if (quantity !== "loss" && reportedToo?.checked) {
    for (const { name, points } of page.reported) {
      series.push({ type: "line", name, data: points, lineStyle: { color: colour("ink"), width: 2, type: "dotted" }, itemStyle: { color: colour("ink") }, showSymbol: false, z: 4 });
    }
  }
  const [min, max] = curves.frame[quantity];
  return {
    series,
    grid: { left: 50, right: 14, top: 30, bottom: 44 },
    xAxis: axis({ type: "value", name: "epoch", nameLocation: "middle", nameGap: 26, minInterval: 1, min: 0, max: curves.last, splitLine: { show: false } }),
    yAxis: axis({ type: "value", name: label, nameTextStyle: { align: "left", padding: [0, 0, 0, -40], color: colour("ink") }, min, max, axisLabel: { color: colour("ink"), formatter: figure, showMinLabel: false, showMaxLabel: false } }),
    tooltip: tooltip({ trigger: "axis", formatter: curveTip }),
  };
}

function curveTip(found) {
  const rows = found.map(({ seriesName, value, color }) => element("div", {}, swatch(color), `${seriesName}: ${figure(value[1])}`));
  return element("div", { class: "tip" }, element("div", {}, `epoch ${found[0].value[0]}`), ...rows);
}

const curveCharts = byId("loss-chart")
  ? [chart("loss-chart", () => curveOptions("loss", "loss (mean per example)")), chart("score-chart", () => curveOptions(page.score.name, page.score.label))]
  : [];
for (const { made } of curveCharts) answer(made);
reportedToo?.addEventListener("change", () => curveCharts[1].draw());

/** Say whose line is pointed at, and select it by a click. */
function answer(made) {
  const rowOf = ({ data, seriesId }) => data?.row ?? (/^\d+ /.test(seriesId) ? parseInt(seriesId) : undefined);
  const said = byId("said-curves");
  made.on("mouseover", (event) => {
    const row = rowOf(event);
    if (said && row !== undefined) said.textContent = `${nameOf(row)}: ${page.settings[row]}`;
  });
  made.on("mouseout", () => said && (said.textContent = ""));
  made.on("click", (event) => {
    const row = rowOf(event);
    if (row !== undefined) toggle(row);
  });
}

function drawCurves() {
  if (!curveCharts.length) return;
  for (const { draw } of curveCharts) draw();
  const keys = [...foremost()].map(([row, paint]) => element("span", {}, swatch(paint), `${nameOf(row)} (${page.settings[row]})`));
  byId("curve-keys").replaceChildren(...keys);
}
