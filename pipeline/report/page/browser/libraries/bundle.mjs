// Writes libraries.js, headed by what is in it and under which licences, and libraries.css beside this folder.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const bundled = Object.entries(packages).filter(([folder, about]) => folder && !about.dev);
const notices = bundled.map(([folder, about]) => {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && !file.parentPath.includes("node_modules", folder.length))
    .map((file) => `${file.parentPath}/${file.name}`)
    .filter((path) => /^(licen[cs]e|notice|copyright)[^/]*(\/|$)/i.test(path.slice(folder.length + 1)));
  const texts = files.sort().map((path) => readFileSync(path, "utf8").trim());
  if (!texts.length) throw new Error(`${folder}: no licence found`);
  return [`== ${folder.replace(/.*node_modules\//, "")}@${about.version} (${about.license}) ==`, ...texts].join("\n\n");
});
const head = `/*!\n${notices.join("\n\n").replaceAll("*/", "* /")}\n*/\n`;
const result = await build({
  entryPoints: ["entry.js"],
  bundle: true,
  minify: true,
  write: false,
  outdir: "out",
  format: "iife",
  globalName: "libraries",
  target: "es2020",
  charset: "ascii",
  legalComments: "none",
});
for (const { path, text } of result.outputFiles) {
  const css = path.endsWith(".css");
  if (text.includes(css ? "</style" : "</script")) throw new Error(`${path}: would end the tag that it stands in`);
  // "<!--" before "<script" would keep HTML from seeing the end of the script; an escaped "!" is the same in JavaScript.
  if (css) writeFileSync("../libraries.css", `/*! The styles of DataTables; its licence is in libraries.js */\n${text}`);
  else writeFileSync("../libraries.js", head + text.replaceAll("<!--", "<\\!--"));
}
