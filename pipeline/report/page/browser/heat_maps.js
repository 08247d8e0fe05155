// Heat maps: the mean of a figure over each pair of swept keys.
const { maps, figures } = page.heat_maps;
const CIVIDIS = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];

function heatOptions() {
  const { names, levels, cells } = maps[byId("heat-keys").value];
  const which = 3 + Number(byId("heat-figure").value);
  const values = cells.map((cell) => cell[which]).filter((value) => value !== null);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const data = cells
    .filter((cell) => cell[which] !== null)
    .map((cell) => ({
      value: [cell[0], cell[1], cell[which]],
      runs: cell[2],
      label: { color: cell[which] > (min + max) / 2 ? "#000" : "#fff" },
    }));
  const side = (name, data, more) => axis({ type: "category", name, data, splitLine: { show: false }, nameLocation: "middle", ...more });
  const tip = ({ data: { value, runs } }) =>
    element("div", { class: "tip" }, `${names[0]} ${levels[0][value[1]]}, ${names[1]} ${levels[1][value[0]]}: ${figure(value[2])}, mean of ${runs} run${runs === 1 ? "" : "s"}`);
  return {
    grid: { left: 20, right: 20, top: 10, bottom: 80, outerBoundsMode: "same" },
    xAxis: side(names[1], levels[1], { nameGap: 28 }),
    yAxis: side(names[0], levels[0], { inverse: true, nameGap: 14 }),
    visualMap: { min, max, dimension: 2, orient: "horizontal", left: "center", bottom: 0, calculable: false, inRange: { color: CIVIDIS }, text: [figure(max), figure(min)], textStyle: { color: colour("ink") }, itemHeight: 140 },
    series: [{ type: "heatmap", data, label: { show: true, formatter: ({ value }) => figure(value[2]) }, emphasis: { itemStyle: { borderColor: colour("ink"), borderWidth: 2 } } }],
    tooltip: tooltip({ trigger: "item", formatter: tip }),
  };
}

if (maps.length) {
  byId("heat-keys").append(...maps.map(({ title }, i) => element("option", { value: i }, title)));
  byId("heat-figure").append(...figures.map((name, i) => element("option", { value: i }, name)));
  const heat = chart("heat-chart", heatOptions);
  heat.draw();
  for (const id of ["heat-keys", "heat-figure"]) byId(id).addEventListener("change", () => heat.draw());
}
