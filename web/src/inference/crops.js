/**
 * The cutting rule, as lanmsff_plugins/inference/crops.py, which says why it is so: from a box around a face, and its
 * eyes, to the square that the network sees.
 *
 *     const face = cut(picture, squareAround({ x: 177, y: 56, width: 95, height: 120 }, null, 0.95));
 */
import rules from "#rules";

import { resize, rotate } from "../pillow.js";

const { upright, largestTurned, nearestEyes } = rules.crops;

/** By how many degrees a head leans, clockwise as one looks at the picture; null where the eyes do not tell. */
export function rollOf(eyes, box) {
  if (!eyes) return null;
  const across = eyes[1].x - eyes[0].x;
  const down = eyes[1].y - eyes[0].y;
  if (Math.hypot(across, down) < nearestEyes * Math.max(box.width, box.height)) return null;
  return (Math.atan2(down, across) * 180) / Math.PI;
}

/** The square {x, y, side, roll} that is cut out for a box; x and y are its centre. */
export function squareAround(box, eyes, factor) {
  const roll = rollOf(eyes, box);
  return {
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    side: Math.max(1, Math.floor(factor * Math.max(box.width, box.height) + 0.5)),
    roll: roll !== null && Math.abs(roll) > upright ? roll : 0,
  };
}

/** Cut a square out of a picture, turned upright; beyond the picture's edge the outermost pixels are repeated. */
export function cut(picture, square) {
  if (!square.roll) return cutUpright(picture, square.x, square.y, square.side);
  const angle = (square.roll * Math.PI) / 180;
  let side = square.side;
  // For the corners of the turned square.
  let margin = Math.ceil((side * (Math.abs(Math.cos(angle)) + Math.abs(Math.sin(angle)) - 1)) / 2) + 1;
  let part = cutUpright(picture, square.x, square.y, side + 2 * margin);
  if (side > largestTurned) {
    const scale = largestTurned / side;
    side = largestTurned;
    margin = Math.ceil(margin * scale);
    part = resize(part, side + 2 * margin, side + 2 * margin);
  }
  return rotate(part, square.roll, margin);
}

function cutUpright({ pixels, width, height, bands }, x, y, side) {
  const left = Math.floor(x - side / 2 + 0.5);
  const top = Math.floor(y - side / 2 + 0.5);
  const part = new Uint8Array(side * side * bands);
  let out = 0;
  for (let row = top; row < top + side; row++) {
    const start = Math.min(Math.max(row, 0), height - 1) * width;
    for (let column = left; column < left + side; column++) {
      const at = (start + Math.min(Math.max(column, 0), width - 1)) * bands;
      for (let band = 0; band < bands; band++) part[out++] = pixels[at + band];
    }
  }
  return { pixels: part, width: side, height: side, bands };
}

/** Intersection over union of two boxes, from 0 to 1. */
export function overlap(one, other) {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  const union = one.width * one.height + other.width * other.height - shared;
  return union > 0 ? Math.min(1, shared / union) : 0;
}
