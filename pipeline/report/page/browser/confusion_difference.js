// Two classifiers compared: how many more examples of each class one of them gives each class than the other.
const { names: classNames, counts: confusions } = page.confusions;

/** Whether both matrices are of the same test examples, as far as their numbers by class say. */
const sameExamples = (one, other) => one.every((row, i) => row.reduce((sum, n) => sum + n, 0) === other[i].reduce((sum, n) => sum + n, 0));

/** Cells of b − a; null where that says nothing. */
function confusionChange(a, b) {
  const [one, other] = [confusions?.[a], confusions?.[b]];
  if (a === b || !one || !other || !sameExamples(one, other)) return null;
  return other.map((row, i) => row.map((count, j) => count - one[i][j]));
}

/** The cells that changed most, in words, those of wrong classes. */
function changesSay(change, b) {
  const wrong = change.flatMap((row, i) => row.map((count, j) => ({ count, i, j }))).filter(({ count, i, j }) => count && i !== j);
  wrong.sort((one, other) => Math.abs(other.count) - Math.abs(one.count));
  const words = wrong.slice(0, 3).map(({ count, i, j }) => `${Math.abs(count)} ${count > 0 ? "more" : "fewer"} of ${classNames[i]} as ${classNames[j]}`);
  const right = change.reduce((sum, row, i) => sum + row[i], 0);
  const all = right ? `${Math.abs(right)} ${right > 0 ? "more" : "fewer"} test examples right` : "as many test examples right";
  return `${capital(nameOf(b))} has ${all}${words.length ? `; most changed: ${words.join(", ")}` : ""}.`;
}

/** A table of the change from run a to run b, and its result in a sentence. */
function drawConfusionChange(a, b) {
  const place = byId("confusion-difference");
  const change = confusionChange(a, b);
  place.hidden = !change;
  if (!change) return;
  const most = Math.max(...change.flat().map(Math.abs), 1);
  const cell = (count, i, j) => {
    const made = element("td", { class: count && count > 0 !== (i === j) ? "loss" : "" }, count ? `${count > 0 ? "+" : "−"}${Math.abs(count)}` : "");
    made.style.setProperty("--share", `${(55 * Math.abs(count)) / most}%`);
    return made;
  };
  const heads = classNames.map((name) => element("th", { scope: "col" }, element("span", {}, name)));
  const rows = change.map((row, i) => element("tr", {}, element("th", { scope: "row" }, classNames[i]), ...row.map((count, j) => cell(count, i, j))));
  const table = element("table", { class: "confusion" }, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "true class ↓ as →"), ...heads)), element("tbody", {}, ...rows));
  const words = `Confusion on test, ${nameOf(b)} minus ${nameOf(a)}`;
  place.replaceChildren(
    element("h3", {}, words),
    element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": words }, table),
    element("p", { class: "soft caption" }, `${changesSay(change, b)} Blue is better, more on the diagonal or fewer beside it; orange is worse.`),
  );
}
