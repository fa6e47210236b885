/** What a person sees and does on the page. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { choose, downloaded, FILE_URL, HTML, open } from "./browser.js";

async function served(t) {
  const html = await readFile(HTML);
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
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
