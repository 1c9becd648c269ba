// Makes static/vendor/codemirror.js (CodeMirror 6 as one ES module) and static/icons.svg (the icons named below, from Lucide).
// Run `npm ci && npm run build` here after changing a version, then put the new SHA-256 into static/VENDORED.md.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const STATIC = new URL("../../static/", import.meta.url);
const ICONS = {
  bold: "bold", italic: "italic", heading: "heading", list: "list", numbered: "list-ordered", link: "link",
  button: "rectangle-ellipsis", table: "table", line: "minus", image: "image", variable: "braces", condition: "split",
  snippet: "puzzle", undo: "undo-2", redo: "redo-2", down: "chevron-down",
};

function licences(folder, metafile) {
  const names = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) names.add(found[1]);
  }
  return [...names].sort().map(function (name) {
    const about = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, folder)));
    return `${name} ${about.version} (${about.license})`;
  });
}

async function bundle() {
  const made = await build({
    entryPoints: ["bundle.mjs"], bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8",
    legalComments: "none", write: false, metafile: true,
    banner: { js: "/* CodeMirror 6, MIT licence, Copyright (C) by Marijn Haverbeke and others. See VENDORED.md. */" },
  });
  const text = made.outputFiles[0].contents;
  writeFileSync(new URL("vendor/codemirror.js", STATIC), text);
  return [licences(new URL(".", import.meta.url), made.metafile), createHash("sha256").update(text).digest("hex")];
}

function sprite() {
  const symbols = Object.entries(ICONS).map(function ([id, name]) {
    const source = readFileSync(new URL(`node_modules/lucide-static/icons/${name}.svg`, import.meta.url), "utf8");
    const drawing = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(source)[1].replace(/\s*\n\s*/g, "");
    return (
      `  <symbol id="${id}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
      `stroke-linecap="round" stroke-linejoin="round">${drawing}</symbol>\n`
    );
  });
  writeFileSync(
    new URL("icons.svg", STATIC),
    "<!-- Icons from Lucide, ISC licence, Copyright (c) Lucide Icons and Contributors; some from Feather, MIT licence,\n" +
      "     Copyright (c) 2013-present Cole Bemis. Made by scripts/codemirror/build.mjs. -->\n" +
      `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("")}</svg>\n`,
  );
}

// Both licences ask that their words go along.
function licenceTexts() {
  for (const [name, path] of [["codemirror", "@codemirror/view"], ["icons", "lucide-static"]]) {
    const text = readFileSync(new URL(`node_modules/${path}/LICENSE`, import.meta.url), "utf8");
    writeFileSync(new URL(`vendor/${name}.licence.txt`, STATIC), text);
  }
}

const [packages, digest] = await bundle();
sprite();
licenceTexts();
console.log(`codemirror.js SHA-256 ${digest}`);
console.log(packages.join(", "));
