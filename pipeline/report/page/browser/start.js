"use strict";
// What all the page's scripts share: its data, its colours, numbers as text, and elements safely made.
const { DataTable, echarts } = libraries;
const page = JSON.parse(document.getElementById("page-data").textContent);
const root = document.documentElement;

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
const missing = (value) => value === null || value === undefined;
const figure = (value) => (missing(value) ? "–" : String(+Number(value).toPrecision(4)));
/** A score in words: "83.1 %". */
const scoreText = (value) => (missing(value) ? "–" : page.score.unit ? `${value.toFixed(page.percent_digits)}${page.score.unit}` : figure(value));
const capital = (words) => words.slice(0, 1).toUpperCase() + words.slice(1);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Equally many decimals for all values of one column, enough for four digits of the largest. */
function decimals(values) {
  const known = values.filter((value) => !missing(value));
  if (known.every(Number.isInteger)) return 0;
  const largest = Math.max(...known.map(Math.abs));
  return Math.min(Math.max(3 - Math.floor(Math.log10(largest || 1)), 0), 6);
}

// The same hues by day and by night, lighter on a dark page.
const NIGHT = ["#56b4e9", "#ff8f4a", "#34c79c", "#e594c3", "#f0b93a"];
const palette = () => (dark.matches ? NIGHT : page.colours);

/**
 * The range to show of scores: all of them, unless some lie further behind the middle than twelve times what lies
 * between it and the best; these are drawn at the edge.
 */
function sensible(values, higherIsBetter = page.score.higher_is_better) {
  const sign = higherIsBetter ? 1 : -1;
  const sorted = values.filter((value) => !missing(value)).sort((one, other) => sign * (other - one));
  if (!sorted.length) return [0, 1];
  const [best, middle] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  const spread = Math.abs(best - middle) || Math.abs(best) * 0.05 || 1;
  const worst = sign * Math.max(sign * sorted.at(-1), sign * middle - 12 * spread);
  return [Math.min(best, worst), Math.max(best, worst)];
}

/** Columns of the runs, by key. */
const columnOf = new Map(page.columns.map((column) => [column.key, column]));
const isCategory = (column) => column.levels?.length > 0;
for (const column of page.columns) column.decimals = isCategory(column) ? 0 : column.percent ? page.percent_digits : decimals(column.values);

/** A run's value in a column as text. */
function textOf(column, row) {
  const value = column.values[row];
  if (missing(value)) return "–";
  if (isCategory(column)) return column.levels[value];
  return column.kind === "setting" ? String(value) : value.toFixed(column.decimals);
}

/** Whether values are spread over magnitudes: then an axis is logarithmic, here as everywhere on the page. */
function isLog(values) {
  const known = values.filter((value) => !missing(value));
  return known.length > 1 && Math.min(...known) > 0 && Math.max(...known) > 20 * Math.min(...known);
}

function swatch(paint, kind = "") {
  const made = element("span", { class: `swatch ${kind}` });
  made.style.setProperty("--paint", paint);
  return made;
}

