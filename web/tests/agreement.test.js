/** The page finds and reads what `lanmsff predict` does. `make test-web` has written its answers before. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import rules from "#rules";

import { BUILT, choose, downloaded, FILE_URL, open } from "./browser.js";

const BOX = ["x", "y", "width", "height", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"];
const SAME = ["faces", "face", "label", "size", "warning"];

function within(got, expected, most, what) {
  assert.ok(Math.abs(got - expected) <= most, `${what}: the page has ${got}, the command ${expected}`);
}

test("boxes agree within a pixel, probabilities within 0.01", async (t) => {
  const lines = (await readFile(path.join(BUILT, "expected.jsonl"), "utf8")).trim().split("\n");
  const expected = lines.map(JSON.parse).map((record) => ({ ...record, file: path.basename(record.file) }));
  const names = [...new Set(expected.map(({ file }) => file))];
  const page = await open(t, FILE_URL);
  await choose(page, names);
  const rows = await downloaded(page);
  for (const name of names) {
    await t.test(name, () => compare(rows.filter((row) => row.file === name), expected.filter((row) => row.file === name)));
  }
});

function compare(rows, expected) {
  assert.equal(rows.length, expected.length);
  rows.forEach((row, i) => {
    const { scores = {}, calibrated = {}, box = [], eyes = [], ...other } = expected[i];
    for (const name of SAME) assert.equal(row[name], String(other[name] ?? ""), name);
    [...box, ...eyes.flat()].forEach((value, at) => within(row[BOX[at]], value, 1, BOX[at]));
    within(row.roll, other.roll ?? 0, 1, "roll");
    within(row.detector_score, other.detector_score ?? 0, 0.01, "detector_score");
    within(row.calibrated_score, calibrated[other.label] ?? 0, 0.01, "calibrated_score");
    for (const name of rules.classes) within(row[name], scores[name] ?? 0, 0.01, name);
  });
}
