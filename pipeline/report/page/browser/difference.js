// Two runs side by side: the settings, the figures and the circumstances in which they differ.
const GROUPS = { status: "status", config: "settings", metric: "figures", seconds: "seconds", provenance: "circumstances" };
const sides = [byId("run-a"), byId("run-b")];

function differenceRows(a, b) {
  const found = [];
  for (const [title, name] of Object.entries(GROUPS)) {
    const named = Object.entries(page.facts).filter(([key, values]) => key.split(".")[0] === title && values[a] !== values[b]);
    if (!named.length) continue;
    found.push(element("tr", {}, element("th", { scope: "rowgroup", colspan: 4 }, name)));
    for (const [key, values] of named) {
      const [left, right] = [values[a], values[b]];
      const numbers = typeof left === "number" && typeof right === "number";
      const cells = [left ?? "–", right ?? "–", numbers ? figure(right - left) : ""];
      found.push(element("tr", {}, element("th", { scope: "row" }, key.slice(key.indexOf(".") + 1)), ...cells.map((cell) => element("td", { class: numbers ? "number" : "" }, String(cell)))));
    }
  }
  return found;
}

function compare() {
  const [a, b] = sides.map((side) => Number(side.value));
  const rows = differenceRows(a, b);
  const names = ["", nameOf(a), nameOf(b), "difference"].map((name) => element("th", { scope: "col" }, name));
  const nothing = element("tr", {}, element("td", { colspan: 4 }, a === b ? "One and the same run." : "No difference at all."));
  byId("difference").replaceChildren(element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...(rows.length ? rows : [nothing])));
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
