/** The rules in JavaScript give the pixels that Pillow and the cutting rule's fixture have. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import rules from "#rules";

import { cut, overlap, squareAround } from "../src/inference/crops.js";
import { records, toCsv } from "../src/inference/records.js";
import { Tracker } from "../src/inference/tracks.js";
import { resize, rotate, round, toGrey } from "../src/pillow.js";
import { BUILT, parsed } from "./browser.js";

const json = async (...parts) => JSON.parse(await readFile(path.join(...parts), "utf8"));
const { width, height, pixels, grey, resized, rotated } = await json(BUILT, "pillow.json");
const picture = { pixels: Uint8Array.from(pixels), width, height, bands: 3 };

test("grey is Pillow's", () => {
  assert.deepEqual([...toGrey(picture).pixels], grey);
});

for (const expected of resized) {
  test(`a picture scaled to ${expected.width}x${expected.height} is Pillow's`, () => {
    assert.deepEqual([...resize(picture, expected.width, expected.height).pixels], expected.pixels);
  });
}

for (const expected of rotated) {
  test(`a picture turned by ${expected.degrees} degrees is Pillow's`, () => {
    const square = cut(picture, { x: 18.5, y: 18.5, side: 37, roll: 0 });
    assert.deepEqual([...rotate(square, expected.degrees, 0).pixels], expected.pixels);
  });
}

test("halves are rounded to even, as in Python", () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4, 2.6, -0.5].map((value) => Math.abs(round(value))), [0, 2, 2, 2, 3, 0]);
});

const { cases } = await json(import.meta.dirname, "../../tests/fixtures/crops.json");
const waves = { pixels: new Uint8Array(40 * 30), width: 40, height: 30, bands: 1 };
for (let i = 0; i < waves.pixels.length; i++) {
  waves.pixels[i] = Math.floor(128 + 60 * Math.sin((i % 40) / 5) + 60 * Math.cos(Math.floor(i / 40) / 7));
}

for (const { box: [x, y, wide, high], eyes, factor, side, roll, pixels: expected } of cases) {
  test(`the square for ${[x, y, wide, high]}, factor ${factor}, is that of the fixture`, () => {
    const points = eyes?.map(([left, top]) => ({ x: left, y: top }));
    const square = squareAround({ x, y, width: wide, height: high }, points, factor);
    assert.equal(square.side, side);
    assert.ok(Math.abs(square.roll - roll) < 1e-5);
    const got = cut(waves, square).pixels;
    assert.equal(got.length, expected.length);
    assert.ok(got.every((value, i) => Math.abs(value - expected[i]) <= (square.roll ? 2 : 0)));
  });
}

const BOX = { x: 0, y: 0, width: 10, height: 10 };
const face = (x, scores) => ({ box: { ...BOX, x }, scores });

test("overlap is intersection over union", () => {
  assert.equal(overlap(BOX, { ...BOX, x: 5 }), 1 / 3);
  assert.equal(overlap(BOX, { ...BOX, x: 10 }), 0);
});

test("a face keeps its track while it overlaps, and its expression is smoothed", () => {
  const tracker = new Tracker();
  const first = tracker.update([face(0, [1, 0]), face(50, [0, 1])], 0);
  const second = tracker.update([face(51, [0, 1]), face(1, [0, 1])], rules.tracks.memory);
  assert.deepEqual(first.map(({ track }) => track), [1, 2]);
  assert.deepEqual(second.map(({ track }) => track), [2, 1]);
  assert.ok(Math.abs(second[1].smoothed[0] - Math.exp(-1)) < 1e-12);
});

test("a face that was away for longer than the patience is a new one", () => {
  const tracker = new Tracker();
  tracker.update([face(0, [1])], 0);
  assert.equal(tracker.update([face(0, [1])], rules.tracks.patience + 0.1)[0].track, 2);
});

test("a CSV quotes what a file's name may hold", () => {
  const [row] = parsed(toCsv(records('a "b", c.png', null, [])));
  assert.equal(row.file, 'a ""b"", c.png');
  assert.equal(row.warning, "no face found");
});
