// The selected runs: which colour each has, and the command that trains it again.
const LISTED = 20;
const coloured = new Map(); // row -> number of its colour, kept while it is selected
const commands = document.querySelectorAll("code.command");

/** Rows drawn in colour: the selected, or the first of the table as it is sorted and filtered. */
function foremost() {
  const rows = chosen();
  for (const row of coloured.keys()) if (!rows.includes(row)) coloured.delete(row);
  const free = palette().map((_, i) => i).filter((i) => ![...coloured.values()].includes(i));
  for (const row of rows) if (!coloured.has(row) && free.length) coloured.set(row, free.shift());
  if (rows.length) return new Map([...coloured].map(([row, i]) => [row, palette()[i]]));
  const leading = passing().filter((row) => page.leaders.includes(row));
  return new Map(leading.slice(0, palette().length).map((row, i) => [row, palette()[i]]));
}

/** What people copy goes to the clipboard; where a browser forbids that, it is marked for them to copy. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    byId("said").textContent = "The command was copied to the clipboard.";
  } catch {
    getSelection().selectAllChildren(code);
    byId("said").textContent = "The browser does not allow access to the clipboard: the command is selected, copy it with Ctrl-C.";
  }
}

function listSelected() {
  const rows = chosen();
  const paint = foremost();
  byId("selected-none").hidden = rows.length > 0;
  byId("said").textContent = rows.length > LISTED ? `${rows.length} are selected; the first ${LISTED} are listed.` : "";
  byId("selected").replaceChildren(
    ...rows.slice(0, LISTED).map((row) => {
      const code = element("code", {}, commands[row].textContent);
      const button = element("button", { type: "button", class: "plain", "aria-label": `Copy the command of ${nameOf(row)}` }, "Copy");
      button.addEventListener("click", () => copy(code));
      const name = element("strong", {}, swatch(paint.get(row) ?? colour("ink")), nameOf(row));
      return element("li", {}, name, element("span", {}, page.settings[row]), button, code);
    }),
  );
}
