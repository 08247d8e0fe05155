// Charts that keep up with the window and the colours, say their result in words, and have their data in a table.

/**
 * A chart in the element `id`, drawn when it comes near the window, and again when its size or the colours change:
 * whole, of what `options(width)` says, or by `draw("part")` only what `part()` says. `says()` is its result in a
 * sentence, for those who do not see it; `table()` is its data as {head, rows}; `height()` in pixels, where it varies.
 */
function chart(id, options, { part, says, table: data, height } = {}) {
  const place = byId(id);
  const title = place.getAttribute("aria-label");
  if (height) place.style.height = `${height()}px`;
  const made = echarts.init(place, null, { renderer: "svg" });
  let [near, due, width] = [false, "whole", place.clientWidth];
  const draw = (what = "whole") => {
    if (due !== "whole") due = what;
    if (!near) return;
    if (due === "part" && part) made.setOption(part());
    else {
      if (height) {
        place.style.height = `${height()}px`;
        made.resize();
      }
      made.setOption({ animation: false, textStyle: textStyle(), ...options(width) }, { notMerge: true });
    }
    due = "";
    if (says) place.setAttribute("aria-label", `${title}. ${says()}`);
    if (drawer?.open) fill();
  };
  const drawer = byId(`${id}-data`);
  const fill = () => {
    drawer.querySelector(".wide")?.remove();
    drawer.append(dataTable(data(), drawer.textContent));
  };
  if (drawer && data) drawer.addEventListener("toggle", () => drawer.open && fill());
  else drawer?.remove();
  const watched = ([...seen]) => {
    near = seen.at(-1).isIntersecting;
    if (near && due) draw(due);
  };
  if (says) place.setAttribute("aria-label", `${title}. ${says()}`);
  new IntersectionObserver(watched, { rootMargin: "400px" }).observe(place);
  new ResizeObserver(() => {
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    made.resize();
    draw();
  }).observe(place);
  dark.addEventListener("change", () => draw());
  return { made, draw };
}

/** A table of {head, rows}; numbers to the right. */
function dataTable({ head, rows }, label) {
  const numeric = head.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  const digits = head.map((_, i) => (numeric[i] ? decimals(rows.map((row) => row[i]).filter((cell) => typeof cell === "number")) : 0));
  const words = (cell, i) => (missing(cell) ? "–" : typeof cell === "number" ? cell.toFixed(digits[i]) : String(cell));
  const line = (row) => element("tr", {}, ...row.map((cell, i) => element("td", { class: numeric[i] ? "number" : "" }, words(cell, i))));
  const top = element("tr", {}, ...head.map((name, i) => element("th", { scope: "col", class: numeric[i] ? "number" : "" }, name)));
  const made = element("table", {}, element("thead", {}, top), element("tbody", {}, ...rows.map(line)));
  return element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": label }, made);
}

function textStyle() {
  return { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink") };
}

/** A tooltip in the page's colours; its content is made of elements. */
function tooltip(more) {
  return { backgroundColor: colour("paper"), borderColor: colour("soft"), textStyle: { color: colour("ink") }, confine: true, ...more };
}

const tip = (...lines) => element("div", { class: "tip" }, ...lines.map((line) => element("div", {}, line)));

/** How axes look; `more` is what is special about one. */
function axis(more) {
  return {
    axisLine: { show: true, lineStyle: { color: colour("soft") } },
    axisLabel: { color: colour("ink"), hideOverlap: true, ...(more.type === "category" ? {} : { formatter: figure }) },
    axisTick: { lineStyle: { color: colour("soft") } },
    nameTextStyle: { color: colour("ink") },
    splitLine: { lineStyle: { color: colour("line") } },
    ...more,
  };
}

/** An axis across, its name below the middle. */
const across = (more) => axis({ nameLocation: "middle", nameGap: 28, splitLine: { show: false }, ...more });

/** An axis up, its name above, to the left. */
const up = (more) => axis({ nameTextStyle: { align: "left", padding: [0, 0, 0, -44], color: colour("ink") }, ...more });

/** The scale of a column's axis: of its levels, or of numbers, logarithmic where their spacing asks. */
function scaleOf(column) {
  if (isCategory(column)) return { type: "category", data: column.levels };
  const distinct = [...new Set(column.values)].filter((value) => !missing(value)).sort((one, other) => one - other);
  const log = column.scale === "log" || (column.kind !== "setting" && isLog(column.values));
  if (column.kind === "setting" && distinct.length > 1 && distinct.length <= 8) {
    const [low, high] = [distinct[0], distinct.at(-1)];
    const room = log ? (high / low) ** 0.08 : (high - low) * 0.08;
    const ends = log ? { min: low / room, max: high * room } : { min: low - room, max: high + room };
    return { type: log ? "log" : "value", ...ends, axisTick: { customValues: distinct }, axisLabel: { color: colour("ink"), customValues: distinct, formatter: String } };
  }
  return { type: log ? "log" : "value", scale: true };
}
