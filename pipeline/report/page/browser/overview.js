// All settings at a glance: a dot and an interval each, the best first, with what a constant answer reaches.
const { overview } = page;
const LABELLED = 16; // settings up to which each has a line with its name

const ranked = overview.settings
  .map((setting, number) => ({ ...setting, number }))
  .filter(({ mean }) => !missing(mean))
  .sort((one, other) => (page.score.higher_is_better ? other.mean - one.mean : one.mean - other.mean));
const unscored = overview.settings.filter(({ mean }) => missing(mean));
const labelled = ranked.length <= LABELLED;
const paintOf = ({ number }) => (overview.key ? palette()[overview.key.values[number]] : palette()[0]);

/** Where the axis begins and ends: it holds the means and all usual intervals. */
function overviewFrame() {
  const [worst, best] = sensible(ranked.map(({ mean }) => mean));
  const halves = ranked.flatMap(({ low, high }) => (missing(low) || missing(high) ? [] : [(high - low) / 2])).sort((one, other) => one - other);
  const around = Math.max(best - worst, 1.01 * (halves[Math.floor(0.9 * halves.length)] ?? 0));
  const inside = (value) => !missing(value) && value >= worst - around && value <= best + around;
  const ends = [worst, best, ...ranked.flatMap(({ low, high, test }) => [low, high, test]).filter(inside)];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const margin = 0.04 * (high - low || 1);
  return [low - margin, high + margin];
}

function overviewOptions(width) {
  const [low, high] = overviewFrame();
  const cut = (value) => Math.min(Math.max(value, low), high);
  const edge = (value) => (labelled ? (value < low ? 90 : -90) : value < low ? 180 : 0); // an arrow to where it lies
  const places = ranked.map((_, i) => i);
  const name = (i) => (ranked[i].name.length > width / 12 ? `${ranked[i].name.slice(0, Math.floor(width / 12))}…` : ranked[i].name);
  const score = { type: "value", min: low, max: high, splitLine: { show: true, lineStyle: { color: colour("line") } }, axisLabel: { color: colour("ink"), formatter: figure, showMinLabel: false, showMaxLabel: false } };
  const rank = { type: "category", data: places.map((i) => (labelled ? name(i) : String(i + 1))), splitLine: { show: false } };
  const point = (i, value) => (labelled ? [value, i] : [i, value]);
  const style = (i) => ({ color: paintOf(ranked[i]), opacity: ranked[i].n ? 1 : 0.45 });
  const whisker = (params, api) => {
    const i = params.dataIndex;
    const { low: from, high: to } = ranked[i];
    if (missing(from) || missing(to)) return null;
    const [start, end] = [api.coord(point(i, cut(from))), api.coord(point(i, cut(to)))];
    return { type: "line", shape: { x1: start[0], y1: start[1], x2: end[0], y2: end[1] }, style: { stroke: paintOf(ranked[i]), lineWidth: labelled ? 3 : 1.5, opacity: ranked[i].n ? 0.45 : 0.2 } };
  };
  const series = [
    { type: "custom", renderItem: whisker, data: places.map((i) => point(i, ranked[i].mean)), silent: true, clip: true },
    { type: "scatter", name: "score", symbolSize: labelled ? 10 : 7, data: places.map((i) => ({ value: point(i, cut(ranked[i].mean)), itemStyle: style(i), ...(cut(ranked[i].mean) === ranked[i].mean ? {} : { symbol: "triangle", symbolRotate: edge(ranked[i].mean) }) })), z: 4 },
  ];
  if (overview.test_label) {
    const hollow = (i) => ({ value: point(i, cut(ranked[i].test)), itemStyle: { color: colour("paper"), borderColor: colour("ink"), borderWidth: 1.4 } });
    series.push({ type: "scatter", name: "test", symbol: "diamond", symbolSize: labelled ? 8 : 6, data: places.filter((i) => !missing(ranked[i].test)).map(hollow), silent: true, z: 3 });
  }
  if (overview.baseline !== null && overview.baseline >= low && overview.baseline <= high) {
    const ends = [point(-0.5, overview.baseline), point(ranked.length - 0.5, overview.baseline)];
    const line = (params, api) => {
      if (params.dataIndex) return null;
      const area = params.coordSys;
      const [x, y] = api.coord(point(0, overview.baseline));
      const shape = labelled ? { x1: x, x2: x, y1: area.y, y2: area.y + area.height } : { x1: area.x, x2: area.x + area.width, y1: y, y2: y };
      return { type: "line", shape, style: { stroke: colour("ink"), lineDash: [2, 3], lineWidth: 1.2 } };
    };
    series.push({ type: "custom", name: "baseline", renderItem: line, data: ends, silent: true });
  }
  const about = ({ dataIndex }) => {
    const { name: words, mean, low: from, high: to, test, n, status } = ranked[dataIndex];
    const interval = missing(from) ? "" : ` (${scoreText(from)} to ${scoreText(to)})`;
    return tip(element("strong", {}, words), `${overview.label} ${scoreText(mean)}${interval}`, overview.test_label ? `${overview.test_label} ${scoreText(test)}` : "", n ? `n = ${n}` : status);
  };
  return {
    grid: labelled ? { left: 10, right: 24, top: 6, bottom: 10, outerBoundsMode: "same" } : { left: 56, right: 14, top: 26, bottom: 40 },
    xAxis: labelled ? across({ ...score, name: page.score.axis }) : across({ ...rank, name: "settings, the best first" }),
    yAxis: labelled ? axis({ ...rank, inverse: true, axisTick: { show: false } }) : up({ ...score, name: page.score.axis }),
    series,
    tooltip: tooltip({ trigger: "item", formatter: about }),
  };
}

function overviewSays() {
  if (!ranked.length) return "No setting has a score.";
  const [first, last] = [ranked[0], ranked.at(-1)];
  const baseline = overview.baseline === null ? "" : ` Always answering ${overview.baseline_aside} reaches ${scoreText(overview.baseline)}.`;
  return `Best: ${first.name}, ${overview.label} ${scoreText(first.mean)}; worst: ${last.name}, ${scoreText(last.mean)}.${baseline}`;
}

function overviewKeys() {
  const { key } = overview;
  const keys = key ? key.levels.map((level, i) => element("span", {}, swatch(palette()[i], "dot"), `${key.name} ${level}`)) : [element("span", {}, swatch(palette()[0], "dot"), overview.label)];
  if (overview.test_label) keys.push(element("span", {}, swatch(colour("ink"), "diamond"), overview.test_label));
  if (overview.baseline !== null) keys.push(element("span", {}, swatch(colour("ink"), "dotted"), `always ${overview.baseline_words}: ${scoreText(overview.baseline)}`));
  byId("overview-chart-keys").replaceChildren(...keys);
  const gone = unscored.length ? ` ${plural(unscored.length, "setting")} without a score (${[...new Set(unscored.map(({ status }) => status))].join(", ")}).` : "";
  const interval = overview.interval ? ` Bars: ${overview.interval}.` : "";
  const ended = ranked.filter(({ n }) => !n).length;
  const faint = ended ? ` Faint: ${plural(ended, "setting")} without a run that finished, scored after fewer epochs than planned.` : "";
  const far = ranked.filter(({ mean }) => mean < overviewFrame()[0] || mean > overviewFrame()[1]).length;
  const outside = far ? ` An arrow: ${plural(far, "setting")} further out than the axis reaches.` : "";
  const more = overview.left_out ? ` ${overview.left_out} more are in the files.` : "";
  byId("overview-chart-caption").textContent = `${overview.settings.length} settings by ${overview.label}${overview.settings.some(({ n }) => n > 1) ? `, means over ${overview.noun}` : ""}.${interval}${faint}${outside}${gone}${more}`;
}

if (byId("overview-chart") && ranked.length) {
  const drawn = chart("overview-chart", overviewOptions, {
    says: overviewSays,
    height: () => (labelled ? 60 + Math.max(18, Math.min(26, 400 / ranked.length)) * ranked.length : 300),
    table: () => ({ head: ["setting", "n", page.score.axis, "from", "to", "test"], rows: [...ranked, ...unscored].map(({ name, n, mean, low, high, test }) => [name, n, mean, low, high, test]) }),
  });
  drawn.made.on("click", ({ dataIndex, seriesName }) => {
    if (seriesName === "score") showRun(ranked[dataIndex].runs[0]);
  });
  overviewKeys();
  dark.addEventListener("change", overviewKeys);
} else byId("overview-chart")?.closest("figure").remove();
