// The table moves everything else.
let followed = ""; // which rows were there and selected when the charts last followed
function follow() {
  drawCurves(); // whose colours go by the order of the rows
  const state = `${passing().sort((one, other) => one - other)} ${chosen()}`;
  if (state === followed) return;
  followed = state;
  listSelected();
  drawScatter();
  drawAxes();
  drawEffects();
  compareSelected();
}
rememberInputs();
if (Array.isArray(asked.runs)) table.rows(asked.runs.map((name) => page.runs.indexOf(name)).filter((row) => row >= 0)).select();
follow();
removeEventListener("error", withoutScripts);
table.on("select deselect draw", () => {
  follow();
  writeAddress();
});
if (Object.keys(asked).length) byId(openedAt)?.scrollIntoView();

if (page.reload) {
  // Not while somebody types, has a list open, or looks at another tab.
  const busy = () => document.hidden || byId("pause").checked || document.activeElement?.matches("input[type=search], input[type=text], select");
  setInterval(() => busy() || location.reload(), 1000 * page.reload);
}
