/**
 * From a picture to faces with their expressions, as lanmsff_plugins/inference/predictor.py: find, cut out, classify.
 *
 *     const read = openReader(detector, network); // sessions of ONNX Runtime
 *     for (const { label, score, box } of await read(picture)) ...
 */
import { Tensor } from "onnxruntime-web/wasm";
import rules from "#rules";

import { resize, round, toGrey } from "../pillow.js";
import { cut, rollOf, squareAround } from "./crops.js";
import { openDetector, turnOf } from "./detect.js";

const { classes, temperature } = rules;
const { side } = rules.preprocess;
const { small, turned } = rules.predictor;

/** A function from an RGB picture to its faces, the surest detection first. */
export function openReader(detectorSession, networkSession) {
  const detect = openDetector(detectorSession);
  return async (picture) => {
    const found = (await detect(picture)).map((face) => ({
      ...face, square: squareAround(face.box, face.eyes, rules.detect.factor),
    }));
    if (!found.length) return [];
    const images = toBatch(found.map(({ square }) => cut(picture, square)));
    const { logits } = await networkSession.run({ image: images });
    return found.map((face, i) =>
      toFace(face, logits.data.subarray(i * classes.length, (i + 1) * classes.length)));
  };
}

/** Crops of any size as (N, 1, 64, 64) float32, grey between 0 and 1. */
export function toBatch(crops) {
  const batch = new Float32Array(crops.length * side * side);
  crops.forEach((crop, i) => {
    batch.set(Float32Array.from(resize(toGrey(crop), side, side).pixels, (grey) => grey / 255), i * side * side);
  });
  return new Tensor("float32", batch, [crops.length, 1, side, side]);
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((one, other) => one + other);
  return powers.map((power) => power / sum);
}

function toFace(face, logits) {
  const scores = softmax(logits);
  const score = Math.max(...scores);
  const size = round(Math.max(face.box.width, face.box.height));
  return {
    box: face.box,
    eyes: face.eyes,
    roll: rollOf(face.eyes, face.box),
    label: classes[scores.indexOf(score)],
    score,
    scores,
    calibrated: softmax(logits.map((logit) => logit / temperature)),
    detectorScore: face.score,
    size,
    warnings: [...(size < small ? [`small: ${size} pixels`] : []),
      ...(turnOf(face) > turned ? ["turned to the side"] : [])],
    square: face.square,
  };
}
