// The table moves everything else.
function follow() {
  listSelected();
  drawCurves();
  drawAxes();
  compareSelected();
}
follow();
removeEventListener("error", withoutScripts);
table.on("select deselect draw", follow);

if (page.reload) {
  // Not while somebody types, has a list open, or looks at another tab.
  const busy = () => document.hidden || byId("pause").checked || document.activeElement?.matches("input[type=search], input[type=text], select");
  setInterval(() => busy() || location.reload(), 1000 * page.reload);
}
