// The loss of single batches by step, and its running mean since the start of the epoch.
if (byId("steps-chart")) {
  const series = () =>
    page.steps.flatMap(({ row, run, step, batch_loss: batch, running_mean: mean }, i) => {
      const paint = palette()[i % palette().length];
      const points = (values) => step.map((x, k) => [x, values[k]]).filter(([, y]) => !missing(y));
      return [
        { type: "line", name: `run ${run}, one batch`, data: points(batch), showSymbol: false, lineStyle: { color: paint, width: 1, opacity: 0.3 }, itemStyle: { color: paint } },
        { type: "line", id: `${row} mean`, name: `run ${run}, running mean`, data: points(mean), showSymbol: false, lineStyle: { color: paint, width: 2 }, itemStyle: { color: paint } },
      ];
    });
  const last = (values) => values.findLast((value) => !missing(value));
  chart(
    "steps-chart",
    () => ({
      series: series(),
      grid: { left: 54, right: 14, top: 30, bottom: 44 },
      xAxis: across({ type: "value", name: "step" }),
      yAxis: up({ type: "value", name: "loss of a batch", scale: true }),
      tooltip: tooltip({ trigger: "axis", formatter: (points) => tip(`step ${points[0].value[0]}`, ...points.map(({ seriesName, value }) => `${seriesName}: ${figure(value[1])}`)) }),
    }),
    {
      says: () => page.steps.map(({ run, running_mean: mean }) => `Run ${run} ends at a running mean of ${figure(last(mean))}`).join("; "),
      table: () => ({ head: ["run", "step", "batch loss", "running mean"], rows: page.steps.flatMap(({ run, step, batch_loss: batch, running_mean: mean }) => step.map((x, i) => [run, x, batch[i], mean[i]])) }),
    },
  );
  const keys = page.steps.map(({ row, run }, i) => element("span", {}, swatch(palette()[i % palette().length]), `run ${run} (${page.settings[row]})`));
  byId("steps-chart-keys").replaceChildren(...keys);
  byId("steps-chart-caption").textContent = "Faint: single batches, as training.log_every has them; strong: their mean since the start of the epoch.";
}
