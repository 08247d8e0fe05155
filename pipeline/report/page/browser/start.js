"use strict";
// What all the page's scripts share: its data, its colours, charts that keep up with both, and elements safely made.
const { DataTable, echarts } = libraries;
const page = JSON.parse(document.getElementById("page-data").textContent);
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

/** An element with attributes; children are elements or text, never HTML. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const byId = (id) => document.getElementById(id);
const nameOf = (row) => `run ${page.runs[row]}`;
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const figure = (value) => (value === null || value === undefined ? "–" : String(+Number(value).toPrecision(4)));

/**
 * A chart in the element `id`, drawn when it comes near the window, and again when its size or the colours change:
 * whole, of what `options(width)` says, or by `draw("part")` only what `part()` says.
 */
function chart(id, options, part) {
  const place = byId(id);
  const made = echarts.init(place, null, { renderer: "svg" });
  let [near, due, width] = [false, "whole", place.clientWidth];
  const draw = (what = "whole") => {
    if (due !== "whole") due = what;
    if (!near) return;
    if (due === "part") made.setOption(part());
    else made.setOption({ animation: false, textStyle: textStyle(), ...options(width) }, { notMerge: true });
    due = "";
  };
  const watched = ([...seen]) => {
    near = seen.at(-1).isIntersecting;
    if (near && due) draw(due);
  };
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

function textStyle() {
  return { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink") };
}

/** A tooltip in the page's colours; its content is made of elements. */
function tooltip(more) {
  return { backgroundColor: colour("paper"), borderColor: colour("soft"), textStyle: { color: colour("ink") }, confine: true, ...more };
}

/** How axes look; `more` is what is special about one. */
function axis(more) {
  return {
    axisLine: { show: true, lineStyle: { color: colour("soft") } },
    axisLabel: { color: colour("ink"), hideOverlap: true },
    axisTick: { lineStyle: { color: colour("soft") } },
    nameTextStyle: { color: colour("ink") },
    splitLine: { lineStyle: { color: colour("line") } },
    ...more,
  };
}

function followTheme() {
  root.classList.toggle("dark", dark.matches); // DataTables and its extensions look for it
}
dark.addEventListener("change", followTheme);
followTheme();
