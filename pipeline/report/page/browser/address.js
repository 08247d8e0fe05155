// What the reader has chosen lives in the address, so that a view can be shared and survives a reload.

/** The section and the choices that an address names, as #section?name=JSON&…; one that was cut off names none. */
function readAddress() {
  const [section, query] = location.hash.slice(1).split("?");
  try {
    return { section, choices: Object.fromEntries([...new URLSearchParams(query ?? "")].map(([name, value]) => [name, JSON.parse(value)])) };
  } catch {
    return { section, choices: {} };
  }
}
const { section: openedAt, choices: asked } = readAddress();

/** What DataTables is to begin with; `names` are those of its columns. */
function stateOf(names) {
  const order = Array.isArray(asked.order) ? asked.order.map(([name, way]) => [names.indexOf(name), way === "desc" ? "desc" : "asc"]) : [];
  return {
    time: Date.now(),
    start: 0,
    length: Number.isInteger(asked.rows) ? asked.rows : 50,
    order: order.filter(([i]) => i > 0),
    search: { search: typeof asked.search === "string" ? asked.search : "", smart: true, regex: false, caseInsensitive: true },
    columnControl: asked.filters ?? {},
  };
}

/** Whether something was typed or ticked in a column's menu. */
const isFilter = ({ searchInput, searchList }) => searchInput?.value || /empty/i.test(searchInput?.logic ?? "") || searchList?.length > 0;

/** The choices in a table's state: only what differs from the page as it opens. */
function choicesOf(state, names, visibleAtFirst) {
  const choices = {};
  if (state.order.length) choices.order = state.order.map(([i, way]) => [names[i] ?? i, way]); // a number, or a name
  if (state.search.search) choices.search = state.search.search;
  if (state.length !== 50) choices.rows = state.length;
  const changed = state.columns.map(({ visible }, i) => [names[i], visible]).filter(([, visible], i) => visible !== visibleAtFirst[i]);
  if (changed.length) choices.columns = Object.fromEntries(changed);
  const filtered = Object.entries(state.columnControl ?? {}).filter(([, one]) => isFilter(one));
  if (filtered.length) choices.filters = Object.fromEntries(filtered);
  return choices;
}

// The inputs of the charts, remembered by their ids; `rememberInputs` is called once they have their options.
const inputs = [...document.querySelectorAll("main select[id], main input[id]:not(#pause)")];
const initial = new Map();
const valueOf = (input) => (input.type === "checkbox" ? input.checked : input.value);

function rememberInputs() {
  for (const input of inputs) {
    initial.set(input.id, valueOf(input));
    input.addEventListener("change", writeAddress);
    if (!(input.id in asked)) continue;
    if (input.type === "checkbox") input.checked = asked[input.id] === true;
    else if (input.tagName !== "SELECT" || [...input.options].some(({ value }) => value === String(asked[input.id]))) input.value = asked[input.id];
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  }
}

let tableState = null; // as DataTables last saved it
function writeAddress() {
  if (!tableState || !initial.size) return;
  const choices = choicesOf(tableState, columnNames, visibleAtFirst);
  if (chosen().length) choices.runs = chosen().map((row) => page.runs[row]);
  for (const input of inputs) if (valueOf(input) !== initial.get(input.id)) choices[input.id] = valueOf(input);
  const query = Object.entries(choices).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(JSON.stringify(value))}`).join("&");
  const { section } = readAddress();
  const hash = query ? `#${section}?${query}` : section ? `#${section}` : "";
  if (hash !== location.hash) history.replaceState(null, "", hash || location.href.split("#")[0]);
}
addEventListener("hashchange", writeAddress);
