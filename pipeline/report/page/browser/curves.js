// Learning curves: the foremost runs in colour, or their settings' means with bands; the others in grey behind them.
const { curves } = page;
const GREY_LINES = 100; // more of them are no lines any more: the middle half and the middle nine tenths are shown
const [TRAIN, BESIDE] = curves.splits;
const options = { x: byId("curves-x"), y: byId("curves-y"), smooth: byId("curves-smooth"), start: byId("curves-start"), mean: byId("curves-mean"), reported: byId("show-reported") };
const MAIN = BESIDE ?? TRAIN;
const members = new Map(); // setting -> its rows
page.setting.forEach((setting, row) => members.set(setting, [...(members.get(setting) ?? []), row]));

/** Smoothed by an exponential mean that starts at the first value, corrected for its start. */
function smoothed(points) {
  const weight = Number(options.smooth.value);
  if (!weight) return points;
  let [mean, total] = [0, 0];
  return points.map(([x, y]) => {
    mean = weight * mean + (1 - weight) * y;
    total = weight * total + (1 - weight);
    return [x, mean / total];
  });
}

/** Points [x, value] of a run, without gaps, and without epoch 0 unless it is asked for. */
function pointsOf(split, quantity, row) {
  const [values, places, epochs] = [curves[`${split}_${quantity}`][row], curves[options.x.value][row], curves.epochs[row]];
  const positive = quantity === "loss" && options.y.value === "log";
  const points = values.map((value, i) => [places[i], value]);
  return smoothed(points.filter(([x, value], i) => !missing(value) && !missing(x) && (epochs[i] > 0 || options.start.checked) && (!positive || value > 0)));
}

/** Mean, lowest and highest over a setting's finished runs, at the places that all of them have. */
function bandOf(split, quantity, setting) {
  const rows = members.get(setting);
  const finished = rows.filter((row) => page.finished[row]);
  const lines = (finished.length ? finished : rows).map((row) => pointsOf(split, quantity, row)).filter((points) => points.length);
  if (!lines.length) return [];
  const shortest = Math.min(...lines.map((points) => points.length));
  return Array.from({ length: shortest }, (_, i) => {
    const values = lines.map((points) => points[i][1]);
    const x = lines.reduce((sum, points) => sum + points[i][0], 0) / lines.length;
    return [x, values.reduce((sum, value) => sum + value, 0) / values.length, Math.min(...values), Math.max(...values)];
  });
}

/** What is drawn in colour: [name, colour, row, points by split]; a setting's row is that of its first run. */
function colouredCurves(quantity) {
  const means = options.mean?.checked && !chosen().length;
  return [...foremost()].map(([row, paint]) => {
    const setting = page.setting[row];
    const of = (split) => (means ? bandOf(split, quantity, setting) : pointsOf(split, quantity, row));
    const name = means ? `${page.setting_names[firstOf(setting)]}` : nameOf(row);
    return { row, paint, name, means, points: Object.fromEntries(curves.splits.map((split) => [split, of(split)])) };
  });
}
const firstOf = (setting) => members.get(setting)[0];

/** Shares of the grey curves by place: [x, 5 %, 25 %, 75 %, 95 %]. */
function quantiles(lines) {
  const at = new Map();
  for (const points of lines) for (const [x, y] of points) at.set(x, [...(at.get(x) ?? []), y]);
  const share = (sorted, q) => sorted[Math.round(q * (sorted.length - 1))];
  return [...at].sort(([one], [other]) => one - other).filter(([, values]) => values.length > 1).map(([x, values]) => {
    const sorted = values.sort((one, other) => one - other);
    return [x, ...[0.05, 0.25, 0.75, 0.95].map((q) => share(sorted, q))];
  });
}

function areaBetween(points, low, high, paint, opacity, name) {
  const whole = points.filter((point) => !missing(point[low]));
  const outline = (params, api) => {
    if (params.dataIndex) return null;
    const [lower, upper] = [low, high].map((i) => whole.map((point) => api.coord([point[0], point[i]])));
    return { type: "polygon", shape: { points: [...lower, ...upper.reverse()] }, style: { fill: paint, opacity } };
  };
  return { type: "custom", name, renderItem: outline, data: whole.map((point) => point.slice(0, 2)), silent: true, clip: true, z: 1, tooltip: { show: false } };
}

/** The range of the curves in colour, with room for as much again on the worse side; what lies outside is cut off. */
function frameOf(drawn, quantity) {
  const [low, high] = curves.frame[quantity];
  const values = drawn.flatMap(({ points }) => curves.splits.flatMap((split) => points[split].flatMap((point) => point.slice(1).filter((value) => !missing(value)))));
  if (!values.length || page.runs.length === 1) return [low, high];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const spread = most - least || Math.abs(most) * 0.1 || 1;
  const down = quantity !== "loss" && page.score.higher_is_better;
  const ends = [least - (down ? 1 : 0.06) * spread, most + (down ? 0.06 : 1) * spread];
  return [Math.max(ends[0], Math.min(low, least)), Math.min(ends[1], Math.max(high, most))];
}

function curveOptions(quantity, label) {
  const drawn = colouredCurves(quantity);
  const front = new Set(drawn.flatMap(({ row, means }) => (means ? members.get(page.setting[row]) : [row])));
  const selected = new Set(chosen());
  const behind = passing().filter((row) => !front.has(row));
  const lines = behind.map((row) => pointsOf(MAIN, quantity, row));
  const series = [];
  if (behind.length > GREY_LINES) {
    const bands = quantiles(options.x.value === "epochs" ? lines : []);
    series.push(areaBetween(bands, 1, 4, colour("others"), 0.18, "others"), areaBetween(bands, 2, 3, colour("others"), 0.3, "others"));
  }
  const few = behind.map((row, i) => ({ row, coords: lines[i] })).filter(({ row, coords }) => coords.length > 1 && (behind.length <= GREY_LINES || selected.has(row)));
  series.push({
    type: "lines",
    name: "others",
    coordinateSystem: "cartesian2d",
    polyline: true,
    tooltip: { show: false },
    lineStyle: { color: colour("others"), width: 1, opacity: 0.4 },
    emphasis: { lineStyle: { color: colour("ink"), width: 3, opacity: 1 } },
    data: few.map((one) => ({ ...one, lineStyle: selected.has(one.row) ? { color: colour("ink"), opacity: 0.8 } : {} })),
  });
  for (const { row, paint, name, means, points } of drawn) {
    if (means && points[MAIN].some(([, , low, high]) => high > low)) series.push(areaBetween(points[MAIN], 2, 3, paint, 0.16, `${name} range`));
    for (const split of curves.splits) {
      const style = { color: paint, width: 2, type: split === TRAIN && split !== MAIN ? "dashed" : "solid" };
      const data = points[split].map(([x, y]) => [x, y]);
      if (data.length) series.push({ type: "line", id: `${row} ${split}`, name: `${name}, ${split}`, data, lineStyle: style, itemStyle: { color: paint }, showSymbol: data.length < 2, z: 3 });
    }
  }
  if (quantity !== "loss" && options.reported?.checked && options.x.value === "epochs") {
    for (const { name, points } of page.reported) {
      series.push({ type: "line", name, data: points, lineStyle: { color: colour("ink"), width: 2, type: "dotted" }, itemStyle: { color: colour("ink") }, showSymbol: false, z: 4 });
    }
  }
  const log = quantity === "loss" && options.y.value === "log";
  const [min, max] = log || options.start.checked ? [undefined, undefined] : frameOf(drawn, quantity);
  const epochs = options.x.value === "epochs";
  return {
    series,
    grid: { left: 54, right: 14, top: 30, bottom: 44 },
    xAxis: across({ type: "value", name: epochs ? "epoch" : "seconds of computing", minInterval: epochs ? 1 : 0, ...(epochs ? { min: options.start.checked ? 0 : Math.min(1, curves.last), max: Math.max(curves.last, 1) } : { min: 0 }) }),
    yAxis: up({ type: log ? "log" : "value", name: label, min, max, scale: true, axisLabel: { color: colour("ink"), formatter: figure, showMinLabel: log, showMaxLabel: log } }),
    tooltip: tooltip({ trigger: "axis", formatter: curveTip }),
  };
}

function curveTip(points) {
  const rows = points.filter(({ seriesType }) => seriesType !== "custom").map(({ seriesName, value, color }) => element("div", {}, swatch(color), `${seriesName}: ${figure(value[1])}`));
  return element("div", { class: "tip" }, element("div", {}, `${options.x.value === "epochs" ? "epoch" : "seconds"} ${figure(points[0].value[0])}`), ...rows);
}

/** Of each curve in colour, where it ends. */
function curvesSay(quantity, label) {
  const percent = quantity !== "loss" && page.score.charted_axis.endsWith("%");
  const words = (value) => (percent ? `${value.toFixed(page.percent_digits)} %` : figure(value));
  const ends = colouredCurves(quantity).filter(({ points }) => points[MAIN].length);
  return ends.map(({ name, points }) => `${name} ends at a ${MAIN} ${label} of ${words(points[MAIN].at(-1)[1])}`).join("; ") || "No curve.";
}

function curveTable(quantity) {
  const drawn = colouredCurves(quantity);
  const rows = drawn.flatMap(({ name, points }) => curves.splits.flatMap((split) => points[split].map(([x, y]) => [name, split, x, y])));
  return { head: ["curve", "split", options.x.value, quantity], rows };
}

function curveChart(id, quantity, label, title) {
  const words = quantity === "loss" ? "loss" : page.score.label;
  return chart(id, () => curveOptions(quantity, title), { says: () => curvesSay(quantity, words), table: () => curveTable(quantity) });
}
const curveCharts = byId("loss-chart")
  ? [curveChart("loss-chart", "loss", "loss", "loss (mean per example)"), curveChart("score-chart", page.score.name, page.score.label, page.score.charted_axis)]
  : [];
for (const { made } of curveCharts) answer(made);
for (const input of Object.values(options)) input?.addEventListener("input", () => drawCurves());

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
  const drawn = colouredCurves("loss");
  const keys = drawn.map(({ row, paint, name, means }) => element("span", {}, swatch(paint), means ? `${name} (${plural(members.get(page.setting[row]).length, "run")})` : `${name} (${page.settings[row]})`));
  if (BESIDE) keys.push(element("span", {}, swatch(colour("ink")), BESIDE), element("span", {}, swatch(colour("ink"), "dashed"), TRAIN));
  const front = drawn.reduce((sum, { row, means }) => sum + (means ? members.get(page.setting[row]).length : 1), 0);
  const behind = passing().length - front;
  if (behind > 0) keys.push(element("span", {}, swatch(colour("others")), behind > GREY_LINES ? `${behind} other runs, ${MAIN}: the middle half and nine tenths` : `${plural(behind, "other run")}, ${MAIN}`));
  byId("curve-keys").replaceChildren(...keys);
  const bands = drawn.some(({ means }) => means) ? ` A line is the mean over the ${page.overview.noun} of a setting, its band their range.` : "";
  const splits = BESIDE === "test" ? " No validation split was kept: the test split stands beside training." : BESIDE ? "" : " Only training was evaluated.";
  const thinned = curves.last > curves.points ? ` Longer curves are thinned to about ${curves.points} epochs.` : "";
  const more = page.runs.length > 1 ? " Click a line to select its run." : "";
  byId("curves-caption").textContent = `Loss is the mean data loss per example, without the penalty.${bands}${splits}${thinned}${more}`;
}
