/** What a person sees and does on the page. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import rules from "#rules";

import { choose, downloaded, FILE_URL, HTML, open, PICTURES } from "./browser.js";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

async function served(t, file = HTML, type = "text/html") {
  const content = await readFile(file);
  const server = createServer((_, response) => response.writeHead(200, {
    "content-type": type, "access-control-allow-origin": "*",
  }).end(content));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/`;
}

for (const [place, address] of [["from disk", async () => FILE_URL], ["from a server", served]]) {
  test(`the astronaut is happy, ${place}`, async (t) => {
    const page = await open(t, await address(t));
    await choose(page, ["astronaut.png"]);
    const [row, ...others] = await downloaded(page);
    assert.equal(others.length, 0);
    assert.equal(row.label, "happiness");
    assert.ok(row.score > 0.9, row.score);
  });
}

test("each face of a group has a frame, a tag, and a bar a class; the result is announced", async (t) => {
  const page = await open(t, FILE_URL);
  await choose(page, ["group.png"]);
  assert.equal(await page.locator("article polygon").count(), 6);
  assert.equal(await page.locator("article .tag").count(), 6);
  assert.equal(await page.locator("article .faces > li").count(), 6);
  assert.equal(await page.locator("article .faces dt").count(), 6 * rules.classes.length);
  assert.match(await page.getByRole("status").textContent(), /^group\.png: 6 faces: happiness 1\.00, /);
  assert.match(await page.getByRole("img", { name: /^group\.png: 6 faces/ }).getAttribute("src"), /^blob:/);
});

test("a frame lies over its face, at whatever size the picture is shown", async (t) => {
  const page = await open(t, FILE_URL, PHONE);
  await choose(page, ["astronaut.png"]);
  const picture = await page.locator("article img").boundingBox();
  const frame = await page.locator("article polygon").evaluate((polygon) => { // without the line's own width
    const { x, y, width, height } = polygon.getBBox();
    const { a, d, e, f } = polygon.getScreenCTM();
    return { x: a * x + e, y: d * y + f + scrollY, width: a * width, height: d * height };
  });
  const [row] = await downloaded(page);
  const scale = picture.width / 512;
  const centre = [Number(row.x) + row.width / 2, Number(row.y) + row.height / 2];
  assert.ok(Math.abs(frame.x + frame.width / 2 - picture.x - scale * centre[0]) < 2);
  assert.ok(Math.abs(frame.y + frame.height / 2 - picture.y - scale * centre[1]) < 2);
  const side = scale * rules.detect.factor * row.height;
  assert.ok(Math.abs(frame.width - side) < 1, `${frame.width} for ${side}`);
});

test("a file that is no picture is named, and the others are read", async (t) => {
  const page = await open(t, FILE_URL);
  const text = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") };
  const astronaut = await readFile(path.join(PICTURES, "astronaut.png"));
  const cut = { name: "cut.png", mimeType: "image/png", buffer: astronaut.subarray(0, 30) };
  await page.locator("#files").setInputFiles([text, cut, { name: "a.png", mimeType: "image/png", buffer: astronaut }]);
  await page.locator("article").waitFor();
  const problems = await page.locator("#problems li").allTextContents();
  assert.deepEqual(problems.map((problem) => problem.split(": cannot be read as a picture; ")[0]), ["notes.txt", "cut.png"]);
  await page.getByText("1 of 3 read. a.png: 1 face: happiness").waitFor();
});

test("a picture without a face has a row that says so", async (t) => {
  const page = await open(t, FILE_URL);
  await choose(page, ["nobody.png"]);
  await page.getByText("No face found.").waitFor();
  const [row] = await downloaded(page);
  assert.equal(row.warning, "no face found");
  assert.equal(row.faces, "0");
});

test("dropped and pasted pictures are read, whatever else is dropped is refused", async (t) => {
  const page = await open(t, FILE_URL);
  const encoded = await readFile(path.join(PICTURES, "small.png"), "base64");
  const transfer = await page.evaluateHandle((text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "small.png", { type: "image/png" }));
    return data;
  }, encoded);
  await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
  await page.locator("article").waitFor();
  await page.evaluate((data) => document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data })), transfer);
  await page.locator("article").nth(1).waitFor();
  await page.dispatchEvent("main", "drop", { dataTransfer: await page.evaluateHandle(() => new DataTransfer()) });
  await page.getByText("There was no picture file in that").waitFor();
});

test("the keyboard reaches everything in the order of the page", async (t) => {
  const page = await open(t, FILE_URL);
  const asked = page.waitForEvent("filechooser"); // from the start, since it takes Chromium a while to look out for it
  await choose(page, ["small.png"]);
  await page.evaluate(() => document.activeElement.blur());
  const reached = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
  }
  assert.deepEqual(reached, ["files", "camera", "download", "clear", "A", "SUMMARY"]);
  await page.locator("#files").focus();
  await page.keyboard.press("Enter");
  assert.ok((await asked).isMultiple());
  await page.locator("#clear").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("article").count(), 0);
  assert.ok(await page.locator("#download").isDisabled());
});

test("a phone's width needs no sideways scrolling", async (t) => {
  const page = await open(t, FILE_URL, PHONE);
  await choose(page, ["group.png", "astronaut.png"]);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= PHONE.viewport.width);
});

test("the page is dark where the device is, and its text can be read", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(t, FILE_URL, { colorScheme });
    const contrasts = await page.evaluate(measureContrasts);
    assert.equal(contrasts.background < 0.5, colorScheme === "dark");
    for (const [name, ratio] of Object.entries(contrasts.ratios)) assert.ok(ratio >= 4.5, `${colorScheme} ${name}: ${ratio}`);
  }
});

/** Runs in the page: WCAG's contrast of text with what is behind it. */
function measureContrasts() {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && element.parentElement ? behind(element.parentElement) : colour;
  };
  const ratio = (element) => {
    const [one, other] = [getComputedStyle(element).color, behind(element)].map(light).sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  };
  const names = ["h1", "header p", "aside", ".primary", "#camera", ".controls .hint", "#status", "#problems", "footer a"];
  return {
    background: light(getComputedStyle(document.body).backgroundColor),
    ratios: Object.fromEntries(names.map((name) => [name, ratio(document.querySelector(name))])),
  };
}

test("the browser keeps the page from the network", async (t) => {
  const address = await served(t, path.join(PICTURES, "small.png"), "image/png"); // which would answer
  const page = await open(t, FILE_URL, { expected: RegExp(`Content Security Policy|${address}`) });
  const tries = await page.evaluate(async (url) => ({
    fetched: await fetch(url).then(() => true, () => false),
    shown: await new Promise((resolve) => {
      Object.assign(new Image(), { onload: () => resolve(true), onerror: () => resolve(false), src: url });
    }),
    run: await new Promise((resolve) => {
      const script = Object.assign(document.createElement("script"), { textContent: "globalThis.wasRun = true" });
      document.body.append(script);
      resolve(globalThis.wasRun === true);
    }),
  }), address);
  assert.deepEqual(tries, { fetched: false, shown: false, run: false });
});
