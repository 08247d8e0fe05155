// Before anything is laid out: the page that scripts draw is shown; should they fail, what stands without them comes back.
document.documentElement.classList.add("scripted");
const withoutScripts = () => document.documentElement.classList.remove("scripted");
addEventListener("error", withoutScripts);
