/** The camera, played by a file. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { BUILT, downloaded, FILE_URL, open } from "./browser.js";

const FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-video-capture=${path.join(BUILT, "camera.mjpeg")}`];

test("a camera's faces are followed, drawn over time, and written", async (t) => {
  const page = await open(t, FILE_URL, { flags: FAKE });
  await page.getByRole("button", { name: "Start camera" }).click();
  await page.getByText(/^Face \d+: /).waitFor();
  await page.waitForTimeout(3000);
  const drawn = await page.locator("#timeline").evaluate((canvas) =>
    new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size);
  assert.ok(drawn > 3, "the timeline has lines");
  await page.getByRole("button", { name: "Stop camera" }).click();
  await page.getByText("The camera is off.").waitFor();
  assert.match(await page.locator("#pace").textContent(), /^\d+\.\d frames a second, \d+ skipped$/);

  const rows = await downloaded(page);
  assert.ok(rows.length >= 3, `${rows.length} rows`);
  assert.deepEqual(new Set(rows.map((row) => row.file)), new Set(["camera"]));
  // One face throughout; a slow machine may lose it for longer than the patience and give it another number.
  assert.equal(rows[0].track, "1");
  assert.ok(new Set(rows.map((row) => row.track)).size < rows.length);
  const times = rows.map((row) => Number(row.time));
  assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]), "time goes on");
  assert.ok(rows.some((row) => row.label === "happiness" && row.score > 0.9));
});

test("the camera can be started again, and is another one in the CSV", async (t) => {
  const page = await open(t, FILE_URL, { flags: FAKE });
  for (let i = 0; i < 2; i++) {
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.getByText(/^Face \d+: /).waitFor();
    await page.getByRole("button", { name: "Stop camera" }).click();
    await page.getByText("The camera is off.").waitFor();
  }
  const rows = await downloaded(page);
  assert.deepEqual(new Set(rows.map((row) => row.file)), new Set(["camera", "camera 2"]));
});

test("where there is no camera, a line says so", async (t) => {
  const page = await open(t, FILE_URL, { flags: ["--use-fake-ui-for-media-stream"] });
  await page.getByRole("button", { name: "Start camera" }).click();
  await page.getByText("Camera: no camera was found.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Start camera" }).isEnabled());
});
