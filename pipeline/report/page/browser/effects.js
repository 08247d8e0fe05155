// What each key does to the score: a panel a key, the most important first. Of a grid the means over all other keys;
// of a search, where hardly any two runs share a value, a smooth curve with a band.
const PANELS = 6;
const BINS = 40; // places at which a smooth curve is computed

const scoreColumn = columnOf.get(page.score.column);
const effectColumns = page.important.map((key) => columnOf.get(key)).filter((column) => column?.kind === "setting").slice(0, PANELS);

/** [x, mean] over the runs that share a value of the key. */
function meansOf(column, rows) {
  const groups = new Map();
  for (const row of rows) groups.set(column.values[row], [...(groups.get(column.values[row]) ?? []), page.compared.values[row]]);
  return [...groups].sort(([one], [other]) => one - other).map(([x, values]) => [x, values.reduce((sum, value) => sum + value, 0) / values.length]);
}

/**
 * [x, mean, low, high] of the score along a key: the mean weighted by a Gaussian kernel (E. Nadaraya, 1964; G. Watson,
 * 1964) of a width of a sixth of the axis, ± 2 standard errors of that weighted mean.
 */
function smoothOf(column, rows) {
  const log = scaleOf(column).type === "log";
  const [to, from] = log ? [Math.log, Math.exp] : [(value) => value, (value) => value];
  const points = rows.map((row) => [to(column.values[row]), page.compared.values[row]]);
  const [min, max] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const width = (max - min) / 6 || 1;
  return Array.from({ length: BINS }, (_, i) => min + ((max - min) * i) / (BINS - 1)).map((x) => {
    const weights = points.map(([place]) => Math.exp(-0.5 * ((place - x) / width) ** 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const mean = points.reduce((sum, [, y], i) => sum + weights[i] * y, 0) / total;
    const variance = points.reduce((sum, [, y], i) => sum + weights[i] * (y - mean) ** 2, 0) / total;
    const count = total ** 2 / weights.reduce((sum, weight) => sum + weight ** 2, 0);
    const error = 2 * Math.sqrt(variance / count);
    return [from(x), mean, mean - error, mean + error];
  });
}

const effectRows = (column) => passing().filter((row) => !missing(column.values[row]) && !missing(page.compared.values[row]));

function effectsOptions(width) {
  const columns = Math.max(1, Math.min(effectColumns.length, width < 560 ? 1 : width < 900 ? 2 : effectColumns.length === 4 ? 2 : 3));
  const [w, h] = [100 / columns, 260];
  const [grid, xAxis, yAxis, series] = [[], [], [], []];
  const known = passing().map((row) => page.compared.values[row]).filter((value) => !missing(value));
  const [low, high] = sensible(known);
  const margin = 0.05 * (high - low || 1);
  effectColumns.forEach((column, i) => {
    grid.push({ left: `${(i % columns) * w + (width < 560 ? 14 : 5.2)}%`, width: `${w - (width < 560 ? 18 : 7)}%`, top: Math.floor(i / columns) * h + 28, height: h - 78 });
    xAxis.push(across({ gridIndex: i, ...scaleOf(column), name: column.name, ...(isCategory(column) ? { axisLabel: { color: colour("ink"), width: ((width / columns) * 0.8) / column.levels.length, overflow: "truncate" } } : {}) }));
    yAxis.push(up({ gridIndex: i, type: "value", min: low - margin, max: high + margin, name: i % columns ? "" : page.score.axis, axisLabel: { color: colour("ink"), formatter: figure, showMinLabel: false, showMaxLabel: false } }));
    const rows = effectRows(column);
    const place = { xAxisIndex: i, yAxisIndex: i };
    series.push({ ...place, type: "scatter", symbolSize: 5, itemStyle: { color: colour("others"), opacity: 0.6 }, data: rows.map((row) => ({ value: [column.values[row], Math.min(Math.max(page.compared.values[row], low - margin), high + margin)], row })) });
    const smooth = page.searched && !isCategory(column) && new Set(rows.map((row) => column.values[row])).size > 8;
    const line = rows.length ? (smooth ? smoothOf(column, rows) : meansOf(column, rows)) : [];
    if (smooth) series.push({ ...areaBetween(line, 2, 3, palette()[0], 0.16, "band"), ...place });
    series.push({ ...place, type: "line", data: line.map(([x, y]) => [x, y]), showSymbol: !smooth, symbolSize: 7, lineStyle: { color: palette()[0], width: 2 }, itemStyle: { color: palette()[0] }, silent: true, z: 3 });
  });
  return { grid, xAxis, yAxis, series, tooltip: tooltip({ trigger: "item", formatter: ({ data }) => (data?.row === undefined ? "" : runTip(data.row)) }) };
}

function effectsSay() {
  return effectColumns
    .map((column) => {
      const rows = effectRows(column);
      if (!rows.length) return "";
      const line = page.searched && !isCategory(column) ? smoothOf(column, rows) : meansOf(column, rows);
      const top = line.reduce((one, other) => (page.score.higher_is_better === other[1] > one[1] ? other : one));
      return `${column.name}: best near ${isCategory(column) ? column.levels[top[0]] : figure(top[0])} (${scoreText(top[1])})`;
    })
    .filter(Boolean)
    .join("; ");
}

let effectsChart = null;
if (byId("effects-chart") && scoreColumn && effectColumns.length) {
  const rowsHigh = () => {
    const width = byId("effects-chart").clientWidth;
    const columns = Math.max(1, Math.min(effectColumns.length, width < 560 ? 1 : width < 900 ? 2 : effectColumns.length === 4 ? 2 : 3));
    return Math.ceil(effectColumns.length / columns) * 260;
  };
  effectsChart = chart("effects-chart", effectsOptions, {
    says: effectsSay,
    height: rowsHigh,
    table: () => ({ head: ["key", "value", `mean ${page.score.axis}`], rows: effectColumns.flatMap((column) => meansOf(column, effectRows(column)).map(([x, y]) => [column.name, isCategory(column) ? column.levels[x] : String(x), y])) }),
  });
  effectsChart.made.on("click", ({ data }) => data?.row !== undefined && toggle(data.row));
  byId("effects-chart-caption").textContent = page.searched
    ? "Each dot is a run; the line is a mean smoothed along the key, its band two standard errors, the most important key first. A search tries good regions more often, and keys may interact: this shows no cause."
    : `Each dot is a run, the line is the mean over all other keys, the most important key first. Means over a grid show no cause: keys may interact.${page.compared.words}`;
} else byId("effects-chart")?.closest("figure").remove();

const drawEffects = () => effectsChart?.draw();
