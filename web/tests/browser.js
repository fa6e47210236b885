/**
 * The page in Debian's Chromium, without a window.
 *
 *     const page = await open(t, FILE_URL);
 *     await choose(page, ["astronaut.png"]);
 *     const rows = await downloaded(page);
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

export const BUILT = path.resolve(import.meta.dirname, "../build");
export const HTML = path.join(BUILT, "lanmsff.html");
export const FILE_URL = pathToFileURL(HTML).href;
export const PICTURES = path.join(BUILT, "pictures");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/**
 * Open the page, and wait until its networks are loaded.
 *
 * When the test ends, it fails if the page asked for anything but itself, or if the console has an error or a
 * warning, unless that is `expected`.
 */
export async function open(t, address, { flags = [], expected = /^$/, ...options } = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), "lanmsff-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: [...FLAGS, ...flags], ...options,
  });
  const asked = [];
  const said = [];
  context.on("request", (request) => asked.push(request.url()));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(message.text());
  });
  context.on("weberror", (error) => said.push(String(error.error())));
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
    const outside = asked.filter((url) => url !== address && !/^(blob|data):/.test(url));
    assert.deepEqual([...outside, ...said].filter((text) => !expected.test(text)), []);
  });
  const [page] = context.pages();
  page.setDefaultTimeout(60_000); // for machines that are busy
  await page.goto(address);
  await page.getByText("Ready.").waitFor();
  return page;
}

/** Choose files of the folder of pictures, and wait until all are read. */
export async function choose(page, names) {
  const before = await page.locator("article, #problems li").count();
  await page.locator("#files").setInputFiles(names.map((name) => path.join(PICTURES, name)));
  await page.locator("article, #problems li").nth(before + names.length - 1).waitFor();
}

/** The rows of the CSV that the page gives, each an object. */
export async function downloaded(page) {
  const [download] = await Promise.all([
    page.waitForEvent("download"), page.getByRole("button", { name: "Download CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "faces.csv");
  return parsed(await readFile(await download.path(), "utf8"));
}

/** A CSV without line breaks in its values. */
export function parsed(text) {
  const [header, ...lines] = text.trim().split("\n").map((line) =>
    line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g).map((value) => value.replace(/,$/, "").replace(/^"|"$/g, "")));
  return lines.map((values) => Object.fromEntries(header.map((name, i) => [name, values[i]])));
}
