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

/** A chart in the element `id` of what `options(width)` says, drawn again when its size or the colours change. */
function chart(id, options) {
  const place = byId(id);
  const made = echarts.init(place, null, { renderer: "svg" });
  const draw = () => {
    const common = {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink") },
      tooltip: tooltip({}),
    };
    made.setOption({ ...common, ...options(place.clientWidth) }, { notMerge: true });
  };
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    made.resize();
    draw();
  }).observe(place);
  dark.addEventListener("change", draw);
  return { made, draw };
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
