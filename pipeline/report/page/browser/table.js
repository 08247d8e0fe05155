// The table: DataTables over the rows that stand in the page already.
const runsTable = byId("runs");
const columns = Array.from(runsTable.tHead.rows[0].cells, (cell) => cell.dataset.filter);
runsTable.tHead.rows[0].prepend(element("th", { scope: "col", class: "pick", "aria-label": "select" }));
for (const part of [runsTable.tBodies[0], runsTable.tFoot]) {
  for (const row of part?.rows ?? []) row.prepend(element("td", { class: "pick" }));
}

const filters = {
  list: [["search", { extend: "searchList", search: false }]],
  number: [["search"]],
  text: [["search"]],
};
const table = new DataTable(runsTable, {
  order: [],
  autoWidth: false,
  pageLength: 25,
  lengthMenu: [10, 25, 100, { label: "all", value: -1 }],
  stateSave: true, // a page that reloads keeps its order, filters and selection; -1: until the tab is closed
  stateDuration: -1,
  select: { style: "multi", headerCheckbox: false },
  columns: [
    { orderable: false, searchable: false, className: "pick", render: DataTable.render.select() },
    ...columns.map((kind) => ({ type: "num", columnControl: { target: 0, content: filters[kind] } })),
  ],
  layout: {
    topStart: {
      buttons: [
        { extend: "colvis", text: "Columns", columns: ":not(.pick)" },
        { text: "Clear filters", action: () => clearFilters() },
        { text: "Deselect", action: () => table.rows().deselect() },
      ],
    },
    topEnd: { search: { placeholder: "in any column" } },
    bottomStart: ["info", "pageLength"],
    bottomEnd: "paging",
  },
  language: { select: { rows: { _: "%d selected", 0: "", 1: "1 selected" } } },
});

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
