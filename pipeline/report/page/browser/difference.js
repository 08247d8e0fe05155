// Two runs side by side: the settings, the figures and the circumstances in which they differ.
const GROUPS = { fact: "circumstances", setting: "settings", figure: "figures", seconds: "seconds" };
const isLast = ({ key }) => key.startsWith("metric.final_");
const sides = [byId("run-a"), byId("run-b")];

/** Better or worse in b than in a, in a mark and in words. */
function verdict(column, a, b) {
  const change = column.values[b] - column.values[a];
  if (!column.better || !change || missing(column.values[a]) || missing(column.values[b])) return [];
  const better = Math.sign(change) === column.better;
  return [element("span", { class: better ? "better" : "worse", role: "img", "aria-label": better ? "better" : "worse" }, better ? " ▲" : " ▼")];
}

function differenceRow(column, a, b) {
  const numbers = !isCategory(column) && column.kind !== "fact";
  const change = numbers && !missing(column.values[a]) && !missing(column.values[b]) ? column.values[b] - column.values[a] : null;
  const words = change === null ? "" : column.kind === "setting" ? figure(change) : `${change > 0 ? "+" : ""}${change.toFixed(column.decimals)}`;
  const cells = [textOf(column, a), textOf(column, b)].map((text) => element("td", { class: numbers ? "number" : "" }, text));
  return element("tr", {}, element("th", { scope: "row", title: column.key }, column.name), ...cells, element("td", { class: "number" }, words, ...verdict(column, a, b)));
}

function differenceRows(a, b) {
  return ["setting", "figure", "seconds", "fact"].flatMap((kind) => {
    const differing = page.columns.filter((column) => column.kind === kind && column.values[a] !== column.values[b]);
    differing.sort((one, other) => isLast(one) - isLast(other)); // the best epoch's figures before the last's
    if (!differing.length) return [];
    return [element("tr", {}, element("th", { scope: "rowgroup", colspan: 4 }, GROUPS[kind])), ...differing.map((column) => differenceRow(column, a, b))];
  });
}

function compare() {
  const [a, b] = sides.map((side) => Number(side.value));
  const rows = differenceRows(a, b);
  const names = ["what", nameOf(a), nameOf(b), "difference"].map((name) => element("th", { scope: "col" }, name));
  const nothing = element("tr", {}, element("td", { colspan: 4 }, a === b ? "One and the same run." : "No difference at all."));
  byId("difference").replaceChildren(element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...(rows.length ? rows : [nothing])));
  drawConfusionChange(a, b);
}

/** Two runs that are ticked come here by themselves. */
function compareSelected() {
  const rows = chosen();
  if (!sides[0] || rows.length !== 2) return;
  sides.forEach((side, i) => (side.value = rows[i]));
  compare();
}

if (sides[0]) {
  sides.forEach((side, i) => {
    side.append(...page.runs.map((name, row) => element("option", { value: row }, `${name} (${page.settings[row]})`)));
    side.value = i;
    side.addEventListener("change", compare);
  });
  compare();
}
