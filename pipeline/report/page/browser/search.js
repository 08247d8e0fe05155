// The progress of a search: the score of each run in the order in which it was suggested, and the best so far.
if (byId("search-chart") && scoreColumn) {
  const naturally = new Intl.Collator("en", { numeric: true });
  const inOrder = page.runs.map((_, row) => row).sort((one, other) => naturally.compare(page.runs[one], page.runs[other])).filter((row) => !missing(scoreColumn.values[row]));
  const sign = page.score.higher_is_better ? 1 : -1;
  let best = -Infinity;
  const bestSoFar = inOrder.map((row) => (best = Math.max(best, sign * scoreColumn.values[row]))).map((value) => sign * value);
  const last = inOrder.findIndex((row) => scoreColumn.values[row] === bestSoFar.at(-1)) + 1;
  const says = () => `The best of ${inOrder.length} runs, ${scoreText(bestSoFar.at(-1))}, was found as number ${last}.`;
  chart(
    "search-chart",
    () => {
      const [low, high] = sensible(inOrder.map((row) => scoreColumn.values[row]));
      const margin = 0.05 * (high - low || 1);
      const cut = (value) => Math.min(Math.max(value, low - margin), high + margin);
      return {
        grid: { left: 56, right: 14, top: 30, bottom: 44 },
        xAxis: across({ type: "value", min: 1, max: inOrder.length, name: "runs in the order of the search" }),
        yAxis: up({ type: "value", name: page.score.axis, min: low - margin, max: high + margin, axisLabel: { color: colour("ink"), formatter: figure, showMinLabel: false, showMaxLabel: false } }),
        series: [
          { type: "scatter", symbolSize: 7, itemStyle: { color: colour("others") }, data: inOrder.map((row, i) => ({ value: [i + 1, cut(scoreColumn.values[row])], row })) },
          { type: "line", step: "end", showSymbol: false, silent: true, lineStyle: { color: palette()[0], width: 2 }, data: bestSoFar.map((value, i) => [i + 1, value]) },
        ],
        tooltip: tooltip({ trigger: "item", formatter: ({ data }) => (data?.row === undefined ? "" : runTip(data.row)) }),
      };
    },
    { says, table: () => ({ head: ["number", "run", page.score.axis, "best so far"], rows: inOrder.map((row, i) => [i + 1, page.runs[row], scoreColumn.values[row], bestSoFar[i]]) }) },
  ).made.on("click", ({ data }) => data?.row !== undefined && toggle(data.row));
  byId("search-chart-caption").textContent = `Dots are runs, the line is the best so far. ${says()}`;
}
