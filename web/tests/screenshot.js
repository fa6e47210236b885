/**
 * Write docs/page.webp, the picture of the page in its documentation: `node web/tests/screenshot.js`, after
 * `make test-web`.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { chromium } from "playwright-core";

import { FILE_URL, PICTURES } from "./browser.js";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1000, height: 830 } });
await page.goto(FILE_URL);
await page.locator("#files").setInputFiles(path.join(PICTURES, "astronaut.png"));
await page.locator("article img").waitFor();
await page.waitForFunction(() => document.querySelector("article img").complete);
const devtools = await page.context().newCDPSession(page);
const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 85 });
await writeFile(path.resolve(import.meta.dirname, "../../docs/page.webp"), Buffer.from(data, "base64"));
await browser.close();
