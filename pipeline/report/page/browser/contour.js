// The searched space: the score over two keys, smoothed, with the runs that it was computed from.
const CONTOUR_CELLS = 30;
const contourInputs = { x: byId("contour-x"), y: byId("contour-y") };

/** Cells [x0, x1, y0, y1, mean] in the axes' own units: the mean weighted by a Gaussian kernel of two keys. */
function contourCells(x, y, rows) {
  const sides = [x, y].map((column) => {
    const log = scaleOf(column).type === "log";
    const [to, from] = log ? [Math.log, Math.exp] : [(value) => value, (value) => value];
    const places = rows.map((row) => to(column.values[row]));
    const [min, max] = [Math.min(...places), Math.max(...places)];
    return { places, from, min, step: (max - min) / CONTOUR_CELLS || 1, width: (max - min) / 7 || 1 };
  });
  const [a, b] = sides;
  const cells = [];
  for (let i = 0; i < CONTOUR_CELLS; i++) {
    for (let j = 0; j < CONTOUR_CELLS; j++) {
      const [u, v] = [a.min + (i + 0.5) * a.step, b.min + (j + 0.5) * b.step];
      const weights = rows.map((_, k) => Math.exp(-0.5 * (((a.places[k] - u) / a.width) ** 2 + ((b.places[k] - v) / b.width) ** 2)));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (total < 0.35) continue; // nothing was tried near here
      const mean = rows.reduce((sum, row, k) => sum + weights[k] * scoreColumn.values[row], 0) / total;
      cells.push([a.from(u - a.step / 2), a.from(u + a.step / 2), b.from(v - b.step / 2), b.from(v + b.step / 2), mean]);
    }
  }
  return cells;
}

function contourNow() {
  const [x, y] = [columnOf.get(contourInputs.x.value), columnOf.get(contourInputs.y.value)];
  const rows = page.runs.map((_, row) => row).filter((row) => [x, y, scoreColumn].every(({ values }) => !missing(values[row])));
  return { x, y, rows, cells: x === y || !rows.length ? [] : contourCells(x, y, rows) };
}

function contourOptions() {
  const { x, y, rows, cells } = contourNow();
  const means = cells.map((cell) => cell[4]);
  const [min, max] = means.length ? robust(means) : [0, 1];
  const paint = (value) => echarts.color.lerp(max > min ? Math.min(Math.max((value - min) / (max - min), 0), 1) : 0, CIVIDIS);
  const cellOf = (params, api) => {
    const [x0, x1, y0, y1, mean] = cells[params.dataIndex];
    const [[left, bottom], [right, top]] = [api.coord([x0, y0]), api.coord([x1, y1])];
    return { type: "rect", shape: { x: left, y: top, width: right - left + 0.6, height: bottom - top + 0.6 }, style: { fill: paint(mean) } };
  };
  return {
    grid: { left: 64, right: 24, top: 30, bottom: 44 },
    xAxis: across({ ...scaleOf(x), name: x.name }),
    yAxis: up({ ...scaleOf(y), name: y.name, splitLine: { show: false } }),
    series: [
      { type: "custom", renderItem: cellOf, data: cells.map(([x0, , y0]) => [x0, y0]), silent: true, clip: true },
      { type: "scatter", symbolSize: 9, data: rows.map((row) => ({ value: [x.values[row], y.values[row]], row, itemStyle: { color: paint(scoreColumn.values[row]), borderColor: "#fff", borderWidth: 1.3 } })) },
    ],
    tooltip: tooltip({ trigger: "item", formatter: ({ data }) => (data?.row === undefined ? "" : runTip(data.row)) }),
  };
}

function contourSays() {
  const { x, y, rows, cells } = contourNow();
  if (!cells.length) return "Choose two different keys.";
  const best = cells.reduce((one, other) => (page.score.higher_is_better === other[4] > one[4] ? other : one));
  const word = page.score.higher_is_better ? "highest" : "lowest";
  return `The smoothed ${page.score.heading} of ${plural(rows.length, "run")} is ${word}, ${scoreText(best[4])}, near ${x.name} ${figure(best[0])} and ${y.name} ${figure(best[2])}.`;
}

if (byId("contour-chart")) {
  const able = page.important.map((key) => columnOf.get(key)).filter((column) => column && !isCategory(column) && new Set(column.values).size > 4);
  if (able.length > 1) {
    for (const input of Object.values(contourInputs)) input.append(...able.map(({ key, name }) => element("option", { value: key }, name)));
    [contourInputs.x.value, contourInputs.y.value] = [able[0].key, able[1].key];
    const contour = chart("contour-chart", contourOptions, {
      says: contourSays,
      table: () => {
        const { x, y, rows } = contourNow();
        return { head: ["run", x.name, y.name, page.score.axis], rows: rows.map((row) => [page.runs[row], x.values[row], y.values[row], scoreColumn.values[row]]) };
      },
    });
    contour.made.on("click", ({ data }) => data?.row !== undefined && toggle(data.row));
    const drawContour = () => {
      contour.draw();
      byId("contour-chart-caption").textContent = `${contourSays()} Bright is high. Smoothed over all other keys; blank where nothing was tried nearby. Dots are runs.`;
    };
    drawContour();
    for (const input of Object.values(contourInputs)) input.addEventListener("change", drawContour);
  } else {
    byId("contour").remove();
    document.querySelector("a[href='#contour']")?.closest("li").remove();
  }
}
