// Before anything is laid out: the page that scripts draw is shown; should they fail, what stands without them comes back.
document.documentElement.classList.add("scripted");
const withoutScripts = () => document.documentElement.classList.remove("scripted");
addEventListener("error", withoutScripts);

// The page is as light or dark as the system, and follows it. DataTables and its extensions look for the class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", followTheme);
followTheme();
