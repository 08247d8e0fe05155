// The table: DataTables over the rows that stand in the page already, and every further column of the runs' data.
const runsTable = byId("runs");
const heads = [...runsTable.tHead.rows[0].cells];
const known = new Set(heads.map((head) => head.dataset.key));
const further = page.columns.filter(({ key, kind }) => !known.has(key) && kind !== "fact");
const standing = [...runsTable.tBodies[0].rows].map((row) => ({
  best: row.classList.contains("best"),
  cells: Array.from(row.cells, (cell) => [cell.textContent, cell.dataset.order === "" ? "" : Number(cell.dataset.order)]),
}));
runsTable.tBodies[0].replaceChildren();
runsTable.tHead.rows[0].prepend(element("td", { class: "pick" }));
for (const { name } of further) runsTable.tHead.rows[0].append(element("th", { scope: "col", title: name }, name));
for (const row of runsTable.tFoot?.rows ?? []) {
  row.prepend(element("td", { class: "pick" }));
  for (const column of further) row.append(element("td"));
}

const filters = {
  list: [["search", { extend: "searchList", search: false }]],
  number: [["search"]],
  text: [["search"]],
};
/** What DataTables asks of a cell: a number to sort by, text to search, and to show the text as HTML of its own. */
const answerAs = (kind, text, order) => (kind === "sort" || kind === "type" ? order : kind === "display" ? DataTable.util.escapeHtml(text) : text);
const askedToShow = (name, atFirst) => asked.columns?.[name] ?? atFirst;
const allFinished = page.finished.every(Boolean);
const hiddenAtFirst = (head) => head.dataset.key === "status" && allFinished;
const standingColumns = heads.map((head, i) => ({
  name: head.title,
  type: "num",
  className: head.className,
  visible: askedToShow(head.title, !hiddenAtFirst(head)),
  columnControl: { target: 0, content: filters[head.dataset.filter] },
  data: ({ cells }, kind) => answerAs(kind, ...cells[i]),
}));
const furtherColumns = further.map((column) => ({
  name: column.name,
  type: "num",
  className: isCategory(column) ? "" : "number",
  visible: askedToShow(column.name, false),
  columnControl: { target: 0, content: filters[!isCategory(column) ? "number" : column.levels.length > 30 ? "text" : "list"] },
  data: ({ row }, kind) => answerAs(kind, textOf(column, row), column.values[row] ?? ""),
}));
/** Cells for a file: shares as they are in all files, from 0 to 1, where the page has percent. */
const asShare = (percent) => (percent === "" ? "" : String(Number((percent / 100).toPrecision(12))));
const inPercent = (name) => name.endsWith(", %");
const asData = (words, row, i) => (inPercent(columnNames[i]) ? asShare(table.cell(row, i).render("sort")) : DataTable.Buttons.stripData(words));
const footerAsData = (words, _i, cell) => (cell && inPercent(runsTable.tHead.rows[0].cells[cell.cellIndex].title) ? asShare(words.trim()) : DataTable.Buttons.stripData(words));
const columnNames = ["", ...heads.map((head) => head.title), ...further.map(({ name }) => name)];
const visibleAtFirst = [true, ...heads.map((head) => !hiddenAtFirst(head)), ...further.map(() => false)];
const table = new DataTable(runsTable, {
  data: standing.map((one, row) => ({ ...one, row })),
  order: [],
  autoWidth: false,
  pageLength: 50,
  stateSave: true,
  stateDuration: -1,
  stateSaveCallback: (_settings, state) => {
    tableState = state;
    writeAddress();
  },
  stateLoadCallback: () => stateOf(columnNames),
  lengthMenu: [10, 25, 50, 100, { label: "all", value: -1 }],
  select: { style: "multi", headerCheckbox: false },
  createdRow: (line, { best }, row) => {
    line.id = `run-${page.runs[row]}`;
    line.classList.toggle("best", best);
    line.querySelector("input")?.setAttribute("aria-label", nameOf(row));
  },
  columns: [
    { data: null, orderable: false, searchable: false, className: "pick", render: DataTable.render.select() },
    ...standingColumns,
    ...furtherColumns,
  ],
  layout: {
    topStart: {
      buttons: [
        { extend: "colvis", text: "Columns", columns: ":not(.pick)" },
        { text: "Clear filters", action: () => clearFilters() },
        { text: "Deselect", action: () => table.rows().deselect() },
        {
          extend: "csv",
          text: "Rows as CSV",
          filename: "runs",
          escapeExcelFormula: true,
          exportOptions: { columns: (i) => i > 0 && table.column(i).visible(), rows: { search: "applied", selected: null }, format: { header: (_words, _i, head) => head.title.replace(/, %$/, ""), body: asData, footer: footerAsData } },
        },
      ],
    },
    topEnd: { search: { placeholder: "in any column" } },
    bottomStart: ["info", "pageLength"],
    bottomEnd: "paging",
  },
  language: { select: { rows: { _: "%d selected", 0: "", 1: "1 selected" } } },
});
const scroller = runsTable.closest(".dt-layout-table");
for (const [name, value] of Object.entries({ tabindex: 0, role: "region", "aria-label": "Table of runs" })) scroller.setAttribute(name, value);

/** Rows by number, as they stand in the page's data. */
const chosen = () => table.rows({ selected: true }).indexes().toArray();
const passing = () => table.rows({ search: "applied" }).indexes().toArray();

function toggle(row) {
  const rows = table.row(row);
  if (chosen().includes(row)) rows.deselect();
  else rows.select();
}

const cleared = []; // what else holds a filter, as functions that let it go
function clearFilters() {
  cleared.forEach((letGo) => letGo());
  table.search("").columns().columnControl.searchClear();
  table.draw();
}

// Paper has no pages to turn: all rows that pass the filters are printed.
let length = 0;
addEventListener("beforeprint", () => {
  length = table.page.len();
  table.page.len(-1).draw();
});
addEventListener("afterprint", () => table.page.len(length).draw());
