// Heat maps: the mean of a figure over each pair of swept keys.
const { maps, figures, units } = page.heat_maps;
const CIVIDIS = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];

/** Ends of the colours: one run that went wrong does not make all others look alike. */
function robust(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const spread = at(0.75) - at(0.25);
  if (!spread) return [sorted[0], sorted.at(-1)];
  return [Math.max(sorted[0], at(0.25) - 3 * spread), Math.min(sorted.at(-1), at(0.75) + 3 * spread)];
}

function heatNow() {
  const map = maps[byId("heat-keys").value];
  const which = 4 + Number(byId("heat-figure").value);
  const values = map.cells.map((cell) => cell[which]).filter((value) => !missing(value));
  const unit = units[which - 4];
  return { ...map, which, values, unit, ends: values.length ? robust(values) : [0, 1], digits: unit ? page.percent_digits : decimals(values) };
}

function heatOptions(width) {
  const { names, levels, cells, which, unit, ends, digits } = heatNow();
  const [min, max] = ends;
  const words = (cell) => (missing(cell[which]) ? (cell[3] ? "diverged" : "–") : cell[which].toFixed(digits));
  const room = (width - 90) / levels[1].length > 8 * Math.max(...cells.map((cell) => words(cell).length));
  const data = cells.map((cell) => ({
    value: [cell[0], cell[1], missing(cell[which]) ? null : Math.min(Math.max(cell[which], min), max)],
    cell,
    ...(missing(cell[which]) ? { itemStyle: { color: colour("line") }, visualMap: false } : {}),
    label: { color: missing(cell[which]) ? colour("ink") : cell[which] > (min + max) / 2 ? "#000" : "#fff" },
  }));
  const side = (name, data, more) => axis({ type: "category", name, data, splitLine: { show: false }, nameLocation: "middle", ...more });
  const about = ({ data: { cell } }) =>
    tip(`${names[0]} ${levels[0][cell[1]]}, ${names[1]} ${levels[1][cell[0]]}: ${words(cell)}${missing(cell[which]) ? "" : unit}, mean of ${plural(cell[2], "run")}${cell[3] ? `, ${cell[3]} diverged` : ""}`);
  return {
    grid: { left: 20, right: 20, top: 10, bottom: 80, outerBoundsMode: "same" },
    xAxis: side(names[1], levels[1], { nameGap: 28 }),
    yAxis: side(names[0], levels[0], { inverse: true, nameGap: 14 }),
    visualMap: { min, max, dimension: 2, orient: "horizontal", left: "center", bottom: 0, calculable: false, inRange: { color: CIVIDIS }, text: [`${max.toFixed(digits)}${unit}`, `${min.toFixed(digits)}${unit}`], textStyle: { color: colour("ink") }, itemHeight: 140 },
    series: [{ type: "heatmap", data, label: { show: room, formatter: ({ data: { cell } }) => words(cell) }, emphasis: { itemStyle: { borderColor: colour("ink"), borderWidth: 2 } } }],
    tooltip: tooltip({ trigger: "item", formatter: about }),
  };
}

function heatSays() {
  const { names, levels, cells, which, values, unit, digits } = heatNow();
  if (!values.length) return "No cell has a value.";
  const name = figures[which - 4];
  const lower = /loss|MAE|RMSE|seconds/.test(name);
  const best = cells.filter((cell) => !missing(cell[which])).reduce((one, other) => (lower === other[which] < one[which] ? other : one));
  return `Mean ${name} is ${lower ? "lowest" : "highest"}, ${unit ? best[which].toFixed(digits) + unit : figure(best[which])}, at ${names[0]} ${levels[0][best[1]]} and ${names[1]} ${levels[1][best[0]]}.`;
}

if (maps.length) {
  byId("heat-keys").append(...maps.map(({ title }, i) => element("option", { value: i }, title)));
  byId("heat-figure").append(...figures.map((name, i) => element("option", { value: i }, name)));
  const table = () => {
    const { names, levels, cells, which } = heatNow();
    return { head: [names[0], names[1], `${figures[which - 4]}${units[which - 4] && ", %"}`, "runs", "diverged"], rows: cells.map((cell) => [levels[0][cell[1]], levels[1][cell[0]], cell[which], cell[2], cell[3]]) };
  };
  const heat = chart("heat-chart", heatOptions, { says: heatSays, table, height: () => Math.min(Math.max(160 + 48 * heatNow().levels[0].length, 260), 640) });
  const drawHeat = () => {
    heat.draw();
    byId("heat-chart-caption").textContent = `${heatSays()} Means over all runs with these two values, whatever their other keys; the filters of the table do not apply here.${page.compared.words}`;
  };
  drawHeat();
  for (const id of ["heat-keys", "heat-figure"]) byId(id).addEventListener("change", drawHeat);
}
