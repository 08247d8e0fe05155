// Links to a run turn the table's pages to its row; links to the table go to its first row.
function showRun(name) {
  const row = page.runs.indexOf(name);
  const place = table.rows({ search: "applied" }).indexes().toArray().indexOf(row);
  if (place < 0) return;
  const size = table.page.len();
  if (size > 0) table.page(Math.floor(place / size)).draw("page");
  const line = table.row(row).node();
  line.scrollIntoView({ block: "center" });
  line.querySelector("input")?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const address = event.target.closest?.("a[href^='#']")?.getAttribute("href");
  if (!address) return;
  if (address.startsWith("#run-")) showRun(address.slice(5));
  else if (address === "#runs") showRun(page.runs[passing()[0]]);
  else return;
  event.preventDefault();
});
