"use strict";
// The page of several data sets: its tables sort by a click on a column's name, and larger ones filter, as all do.
const { DataTable } = libraries;
const FEW_ROWS = 10; // that need no filter

for (const table of document.querySelectorAll("main table")) {
  const many = table.tBodies[0].rows.length > FEW_ROWS;
  const columns = [...table.tHead.rows[0].cells].map(({ className }) => ({ type: "num", className }));
  const topEnd = many ? { search: { placeholder: "in any column" } } : null;
  const label = table.closest(".wide").getAttribute("aria-label");
  new DataTable(table, { columns, order: [], paging: false, info: false, autoWidth: false, searching: many, layout: { topStart: null, topEnd, bottomStart: null, bottomEnd: null } });
  for (const [name, value] of Object.entries({ tabindex: 0, role: "region", "aria-label": `${label}, rows` })) table.closest(".dt-layout-table").setAttribute(name, value);
}
removeEventListener("error", withoutScripts);
