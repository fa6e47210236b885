/**
 * Put everything into one HTML file: `node web/build.js` writes web/build/lanmsff.html.
 *
 * That folder holds rules.js, detector.onnx and licences.txt (of rules.py) and expression.onnx (of `lanmsff export`)
 * before; `make web` does all of it.
 */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import rules from "#rules";

const here = import.meta.dirname;
const folder = path.join(here, "build");
const modules = createRequire(import.meta.url);

async function bundle(entry, format) {
  const { outputFiles: [file] } = await build({
    entryPoints: [path.join(here, entry)],
    bundle: true, minify: true, write: false, format, target: "es2022", charset: "utf8", legalComments: "inline",
    define: format === "iife" ? { "import.meta.url": "self.location.href" } : {},
  });
  return file.text.replaceAll("</script", "<\\/script"); // which would end the element around it
}

/** A file as text in an element that the browser does not run. */
function embedded(name, content) {
  return `<script type="text/plain" id="${name}">${gzipSync(content, { level: 9 }).toString("base64")}</script>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** What the page may do: run its own script and nothing else's, and connect to nothing. */
function policy(script) {
  const hash = createHash("sha256").update(script).digest("base64");
  return ["default-src 'none'", `script-src 'sha256-${hash}' 'wasm-unsafe-eval' blob:`, "worker-src blob:",
    "style-src 'unsafe-inline'", "img-src data: blob:", "media-src blob:", "base-uri 'none'", "form-action 'none'",
  ].join("; ");
}

const script = await bundle("src/page/main.js", "esm");
const parts = {
  policy: policy(script),
  style: await readFile(path.join(here, "style.css"), "utf8"),
  version: rules.version,
  licences: escaped(await readFile(path.join(folder, "licences.txt"), "utf8")),
  files: [
    // No module: browsers start none from a blob of a page from disk.
    embedded("worker.js", await bundle("src/worker.js", "iife")),
    embedded("runtime.wasm", await readFile(modules.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"))),
    embedded("detector.onnx", await readFile(path.join(folder, "detector.onnx"))),
    embedded("expression.onnx", await readFile(path.join(folder, "expression.onnx"))),
  ].join("\n"),
  script: `<script type="module">${script}</script>`,
};
const template = await readFile(path.join(here, "index.html"), "utf8");
const page = template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
const out = path.join(folder, "lanmsff.html");
await writeFile(`${out}.part`, page);
await rename(`${out}.part`, out);
console.log(`${out}: ${(page.length / 1e6).toFixed(1)} MB`);
