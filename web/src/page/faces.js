/**
 * Faces on the page: frames over the picture, and a list with the bars of all classes.
 *
 * Both take what Tracker.update gives, or plain faces, which have neither a track nor smoothed probabilities.
 */
import rules from "#rules";

import { element, svgElement } from "./elements.js";

const { classes } = rules;
export const colourOf = (label) => rules.drawing.colours[classes.indexOf(label) % rules.drawing.colours.length];
const FEW = 8; // faces in a picture, up to which there is room for their labels in it

/** What is shown of a face: its number, its probabilities, and their strongest class. */
export function shown(found, i) {
  const scores = found.smoothed ?? found.scores;
  const score = Math.max(...scores);
  return { face: found.face ?? found, number: found.track ?? i + 1, scores, score, label: classes[scores.indexOf(score)] };
}

/** An SVG and tags to lie over a picture of width x height pixels, at whatever size that is shown. */
export function overlay(faces, width, height) {
  const frames = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": true });
  const tags = faces.map(shown).map(({ face, number, score, label }) => {
    const corners = cornersOf(face.square);
    frames.append(svgElement("polygon", { points: corners.map(({ x, y }) => `${x},${y}`).join(" "), stroke: colourOf(label) }));
    const tag = element("span", { class: "tag", "aria-hidden": true }, `${number}`);
    if (faces.length <= FEW) tag.append(element("span", {}, ` ${label} ${score.toFixed(2)}`));
    place(tag, corners, width, height);
    tag.style.borderColor = colourOf(label);
    return tag;
  });
  return [frames, ...tags];
}

/** Above the frame, or below its upper edge where the picture ends. */
function place(tag, corners, width, height) {
  const left = Math.min(...corners.map(({ x }) => x)) / width;
  const top = Math.min(...corners.map(({ y }) => y)) / height;
  if (left < 0.5) tag.style.left = `${100 * Math.max(0, left)}%`;
  else tag.style.right = `${100 * Math.max(0, 1 - Math.max(...corners.map(({ x }) => x)) / width)}%`;
  tag.style.top = `${100 * Math.max(0, top)}%`;
  tag.classList.toggle("below", top < 0.08);
}

function cornersOf({ x, y, side, roll }) {
  const angle = (roll * Math.PI) / 180;
  const along = (side / 2) * Math.cos(angle);
  const across = (side / 2) * Math.sin(angle);
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([a, b]) => ({
    x: x + a * along - b * across, y: y + a * across + b * along,
  }));
}

/** A list item a face. */
export function faceItems(faces) {
  return faces.map(shown).map(({ face, number, scores, score, label }) =>
    element("li", {},
      element("h4", {}, element("span", {}, `${number}`), `${label} ${score.toFixed(2)}`),
      ...face.warnings.map((warning) => element("p", { class: "warning" }, warning)),
      element("dl", { class: "bars" }, ...classes.map((name, i) => bar(name, scores[i])))));
}

function bar(name, score) {
  const fill = element("i");
  fill.style.width = `${100 * score}%`;
  fill.style.background = colourOf(name);
  return element("div", {},
    element("dt", {}, name),
    element("dd", { class: "bar", "aria-hidden": true }, fill),
    element("dd", {}, score.toFixed(2)));
}

/** "2 faces: happiness 1.00, neutral 0.61" */
export function inWords(faces) {
  const labels = faces.map(shown).map(({ label, score }) => `${label} ${score.toFixed(2)}`);
  if (!faces.length) return "no face found";
  return `${faces.length === 1 ? "1 face" : `${faces.length} faces`}: ${labels.slice(0, FEW).join(", ")}`
    + (faces.length > FEW ? " and others" : "");
}
