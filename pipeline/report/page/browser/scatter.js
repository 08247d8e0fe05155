// Any two columns of the runs against each other, coloured by a third; of a score against a cost the Pareto line.
const scatterInputs = { x: byId("scatter-x"), y: byId("scatter-y"), colour: byId("scatter-colour") };
const RAMP = ["#2c7fb8", "#7fcdbb", "#d9a521", "#d95f0e"];
const isCost = ({ key, kind }) => kind === "seconds" || key === "metric.parameters";

/** Columns that may be an axis: what differs between runs, but never the seed, whose size means nothing. */
function scatterColumns() {
  return page.columns.filter(({ key, kind, values }) => kind !== "fact" && !/(^|[._])seed$|\.fold$/.test(key) && new Set(values).size > 1);
}

/** Rows that no other beats in both: a better score at no more cost. */
function pareto(rows, cost, score, better) {
  const sorted = [...rows].sort((a, b) => cost.values[a] - cost.values[b] || better * (score.values[b] - score.values[a]));
  let best = -Infinity;
  return sorted.filter((row) => better * score.values[row] > best && ((best = better * score.values[row]), true));
}

function scatterPaint(column, rows) {
  if (!column) return () => palette()[0];
  if (isCategory(column) || new Set(column.values).size <= palette().length) {
    const distinct = isCategory(column) ? column.levels.map((_, i) => i) : [...new Set(column.values)].sort((one, other) => one - other);
    return (row) => palette()[distinct.indexOf(column.values[row])] ?? colour("others");
  }
  const scale = isLog(column.values) ? Math.log : (value) => value;
  const numbers = rows.map((row) => column.values[row]).filter((value) => !missing(value)).map(scale);
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  return (row) => (missing(column.values[row]) ? colour("others") : echarts.color.lerp(max > min ? (scale(column.values[row]) - min) / (max - min) : 0, RAMP));
}

function scatterNow() {
  const [x, y] = [columnOf.get(scatterInputs.x.value), columnOf.get(scatterInputs.y.value)];
  const third = columnOf.get(scatterInputs.colour.value);
  const rows = passing().filter((row) => !missing(x.values[row]) && !missing(y.values[row]) && (scaleOf(x).type !== "log" || x.values[row] > 0) && (scaleOf(y).type !== "log" || y.values[row] > 0));
  const front = isCost(x) && y.better && !isCost(y) ? pareto(rows, x, y, y.better) : [];
  return { x, y, third, rows, front };
}

function scatterOptions() {
  const { x, y, third, rows, front } = scatterNow();
  const [paint, selected, ink] = [scatterPaint(third, rows), new Set(chosen()), colour("ink")];
  const point = (row) => [x.values[row], y.values[row]];
  const about = ({ data: { row } }) => tip(element("strong", {}, nameOf(row)), page.settings[row], ...[x, y, third].filter(Boolean).map((one) => `${one.name}: ${textOf(one, row)}`));
  return {
    grid: { left: 60, right: 24, top: 30, bottom: 44 },
    xAxis: across({ ...scaleOf(x), name: x.name }),
    yAxis: up({ ...scaleOf(y), name: y.name }),
    series: [
      { type: "line", data: front.map(point), step: "end", showSymbol: false, silent: true, lineStyle: { color: ink, width: 1.2, type: "dashed" }, z: 1 },
      { type: "scatter", symbolSize: rows.length > 300 ? 6 : 9, data: rows.map((row) => ({ value: point(row), row, itemStyle: { color: paint(row), opacity: 0.85, borderColor: ink, borderWidth: selected.has(row) ? 2 : 0 } })) },
    ],
    tooltip: tooltip({ trigger: "item", formatter: about }),
  };
}

function scatterSays() {
  const { x, y, rows, front } = scatterNow();
  const line = front.length ? ` On the Pareto line: run${front.length > 1 ? "s" : ""} ${front.slice(0, 8).map((row) => page.runs[row]).join(", ")}.` : "";
  return `${capital(y.name)} against ${x.name} of ${plural(rows.length, "run")}.${line}`;
}

function scatterKeys() {
  const { third, rows, front } = scatterNow();
  const paint = scatterPaint(third, rows);
  const keys = [];
  if (third) {
    const named = new Map();
    const few = isCategory(third) || new Set(third.values).size <= palette().length;
    const sorted = [...rows].filter((row) => !missing(third.values[row])).sort((a, b) => third.values[a] - third.values[b]);
    const some = few ? sorted : [0, 1 / 3, 2 / 3, 1].map((share) => sorted[Math.round(share * (sorted.length - 1))]).filter((row) => row !== undefined);
    for (const row of some) named.set(textOf(third, row), paint(row));
    keys.push(element("span", {}, `${third.name}:`), ...[...named].map(([name, one]) => element("span", {}, swatch(one, "dot"), name)));
  }
  if (front.length) keys.push(element("span", {}, swatch(colour("ink"), "dashed"), "Pareto line: nothing is both better and cheaper"));
  byId("scatter-chart-keys").replaceChildren(...keys);
  byId("scatter-chart-caption").textContent = `${scatterSays()} Axes are logarithmic where values are spread over magnitudes. Click a dot to select its run.`;
}

let scatterChart = null;
if (byId("scatter-chart")) {
  const able = scatterColumns();
  const option = ({ key, name }) => element("option", { value: key }, name);
  const score = able.find(({ key }) => key === page.score.column) ?? able.find(({ better }) => better === 1) ?? able[0];
  const cost = able.find(({ key }) => key === "metric.parameters") ?? able.find(({ key }) => key === "seconds.total") ?? able[0];
  if (able.length > 1) {
    scatterInputs.x.append(...able.map(option));
    scatterInputs.y.append(...able.map(option));
    scatterInputs.colour.append(element("option", { value: "" }, "one"), ...able.map(option));
    [scatterInputs.x.value, scatterInputs.y.value] = [cost.key, score.key];
    scatterInputs.colour.value = able.find(({ key, kind }) => key === page.important[0] && kind === "setting")?.key ?? "";
    scatterChart = chart("scatter-chart", scatterOptions, {
      says: scatterSays,
      table: () => {
        const { x, y, third, rows } = scatterNow();
        const shown = [x, y, third].filter(Boolean);
        return { head: ["run", ...shown.map(({ name }) => name)], rows: rows.map((row) => [page.runs[row], ...shown.map((one) => (isCategory(one) ? textOf(one, row) : one.values[row]))]) };
      },
    });
    scatterChart.made.on("click", ({ data }) => data?.row !== undefined && toggle(data.row));
    for (const input of Object.values(scatterInputs)) input.addEventListener("change", () => drawScatter());
  } else byId("scatter").remove();
}

function drawScatter() {
  if (!scatterChart) return;
  scatterChart.draw();
  scatterKeys();
}
