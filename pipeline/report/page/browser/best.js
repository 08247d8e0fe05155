// The best run's charts: calibration, the two kinds of error of two classes, and the fit of a regression.
const { calibration, roc, regression } = page.best;
const square = (name, more) => ({ type: "value", min: 0, max: 1, name, ...more });
const lineTo = (points, paint, more) => ({ type: "line", data: points, showSymbol: false, lineStyle: { color: paint, width: 2 }, itemStyle: { color: paint }, ...more });
const pairs = (xs, ys) => xs.map((x, i) => [x, ys[i]]);

if (calibration && byId("calibration-chart")) {
  const says = () => `The expected calibration error is ${calibration.error}: by so much probabilities and accuracy differ in the mean.`;
  const most = Math.max(...calibration.count);
  chart(
    "calibration-chart",
    () => ({
      grid: { left: 54, right: 14, top: 30, bottom: 44 },
      xAxis: across(square("probability of the prediction, %", { max: 100 })),
      yAxis: up(square("accuracy, %", { max: 100 })),
      series: [
        lineTo([[0, 0], [100, 100]], colour("soft"), { lineStyle: { color: colour("soft"), type: "dashed", width: 1 }, silent: true }),
        lineTo(pairs(calibration.confidence, calibration.accuracy), palette()[0], { showSymbol: true, symbolSize: (_value, { dataIndex }) => 6 + 14 * Math.sqrt(calibration.count[dataIndex] / most) }),
      ],
      tooltip: tooltip({ trigger: "item", formatter: ({ dataIndex }) => tip(`${calibration.count[dataIndex]} predictions of ${figure(calibration.confidence[dataIndex])} % in the mean`, `${figure(calibration.accuracy[dataIndex])} % of them right`) }),
    }),
    { says, table: () => ({ head: ["mean probability, %", "accuracy, %", "predictions"], rows: calibration.confidence.map((x, i) => [x, calibration.accuracy[i], calibration.count[i]]) }) },
  );
  byId("calibration-chart-caption").textContent = `Test examples in ten bins of the probability of their prediction; larger dots hold more. On the dashed line probabilities are as large as accuracy, below it too sure. ${says()}`;
}

if (roc && byId("roc-chart")) {
  const says = () => `The area under the ROC curve is ${figure(roc.area)}; average precision is ${figure(roc.average_precision)}, where chance gives ${figure(roc.share)}.`;
  chart(
    "roc-chart",
    () => ({
      grid: { left: 54, right: 14, top: 30, bottom: 44 },
      xAxis: across(square("false positives, or recall")),
      yAxis: up(square("true positives, or precision")),
      series: [
        lineTo([[0, 0], [1, 1]], colour("soft"), { lineStyle: { color: colour("soft"), type: "dashed", width: 1 }, silent: true }),
        lineTo(pairs(roc.false, roc.true), palette()[0], { name: "ROC" }),
        lineTo(pairs(roc.recall, roc.precision), palette()[1], { name: "precision–recall" }),
      ],
      tooltip: tooltip({ trigger: "item", formatter: ({ seriesName, value }) => tip(seriesName, value.map(figure).join(", ")) }),
    }),
    { says, table: () => ({ head: ["curve", "x", "y"], rows: [...pairs(roc.false, roc.true).map((one) => ["ROC", ...one]), ...pairs(roc.recall, roc.precision).map((one) => ["precision–recall", ...one])] }) },
  );
  byId("roc-chart-keys").replaceChildren(element("span", {}, swatch(palette()[0]), "ROC: true against false positives"), element("span", {}, swatch(palette()[1]), "precision against recall"));
  byId("roc-chart-caption").textContent = `Positive is “${roc.positive}”, on test. ${says()}`;
}

if (regression && byId("predicted-chart")) {
  const output = () => Number(byId("regression-output").value);
  const now = () => [regression.target[output()], regression.predicted[output()]];
  const about = (words) => ({ value }) => tip(...words.map((word, i) => `${word} ${figure(value[i])}`));
  const ends = (values) => [Math.min(...values), Math.max(...values)];
  const dots = (points) => ({ type: "scatter", symbolSize: points.length > 500 ? 4 : 6, itemStyle: { color: palette()[0], opacity: 0.55 }, data: points });
  const known = ([x, y]) => !missing(x) && !missing(y);
  const residuals = () => {
    const [target, predicted] = now();
    return pairs(predicted, predicted.map((value, i) => (missing(value) ? null : value - target[i]))).filter(known);
  };
  const name = () => regression.names[output()];
  const correlation = () => {
    const both = pairs(...now()).filter(known);
    const mean = both.reduce((sum, [x]) => sum + x, 0) / both.length;
    const [error, variance] = both.reduce(([one, other], [x, y]) => [one + (y - x) ** 2, other + (x - mean) ** 2], [0, 0]);
    return 1 - error / variance;
  };
  const saysFit = () => `Of ${name()}, R² on the ${regression.examples.toLocaleString("en")} test examples is about ${figure(correlation())}.`;
  const saysResiduals = () => {
    const sorted = residuals().map(([, y]) => y).sort((one, other) => one - other);
    return `Half of the residuals lie between ${figure(sorted[Math.floor(sorted.length / 4)])} and ${figure(sorted[Math.floor((3 * sorted.length) / 4)])}.`;
  };
  const charts = [
    chart(
      "predicted-chart",
      () => {
        const [low, high] = ends(now().flat().filter((value) => !missing(value)));
        return {
          grid: { left: 60, right: 14, top: 30, bottom: 44 },
          xAxis: across({ type: "value", scale: true, name: `true ${name()}` }),
          yAxis: up({ type: "value", scale: true, name: `predicted ${name()}` }),
          series: [lineTo([[low, low], [high, high]], colour("soft"), { silent: true, lineStyle: { color: colour("soft"), type: "dashed", width: 1 } }), dots(pairs(...now()).filter(known))],
          tooltip: tooltip({ trigger: "item", formatter: about(["true", "predicted"]) }),
        };
      },
      { says: saysFit, table: () => ({ head: ["true", "predicted"], rows: pairs(...now()) }) },
    ),
    chart(
      "residual-chart",
      () => ({
        grid: { left: 60, right: 14, top: 30, bottom: 44 },
        xAxis: across({ type: "value", scale: true, name: `predicted ${name()}` }),
        yAxis: up({ type: "value", scale: true, name: "predicted − true" }),
        series: [dots(residuals()), lineTo(ends(residuals().map(([x]) => x)).map((x) => [x, 0]), colour("soft"), { silent: true, lineStyle: { color: colour("soft"), type: "dashed", width: 1 } })],
        tooltip: tooltip({ trigger: "item", formatter: about(["predicted", "residual"]) }),
      }),
      { says: saysResiduals, table: () => ({ head: ["predicted", "residual"], rows: residuals() }) },
    ),
  ];
  const drawFit = () => {
    for (const { draw } of charts) draw();
    byId("predicted-chart-caption").textContent = `${saysFit()} On the dashed line predictions are right.`;
    byId("residual-chart-caption").textContent = `${saysResiduals()} A pattern in them is what the network has not learned.`;
  };
  drawFit();
  byId("regression-output").addEventListener("change", drawFit);
}
