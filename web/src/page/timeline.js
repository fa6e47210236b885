/**
 * The last seconds of a camera: a panel a face, time across, the smoothed probabilities of the classes as lines.
 *
 *     const timeline = new Timeline(canvas);
 *     timeline.add(seconds, tracked);
 */
import rules from "#rules";

import { colourOf } from "./faces.js";

const SPAN = 30; // seconds
const PANEL = 96; // CSS pixels
const GAP = 14;
const LEFT = 48; // for the labels
const PANELS = 4;

export class Timeline {
  #canvas;
  #points = new Map(); // by track: [{seconds, scores}]

  constructor(canvas) {
    this.#canvas = canvas;
  }

  clear() {
    this.#points.clear();
    this.#draw(0);
  }

  /** The faces of a frame, as Tracker.update gives them. */
  add(seconds, tracked) {
    for (const { track, smoothed } of tracked) {
      if (!this.#points.has(track)) this.#points.set(track, []);
      this.#points.get(track).push({ seconds, scores: smoothed });
    }
    for (const [track, points] of this.#points) {
      const first = points.findIndex((point) => point.seconds >= seconds - SPAN);
      if (first < 0) this.#points.delete(track);
      else points.splice(0, first);
    }
    this.#draw(seconds);
  }

  #draw(now) {
    const drawn = [...this.#points].filter(([, points]) => points.length > 1);
    const longest = drawn.sort(([, one], [, other]) => other.length - one.length).slice(0, PANELS);
    const panels = longest.sort(([one], [other]) => one - other);
    const context = this.#resized(Math.max(1, panels.length));
    const width = this.#canvas.clientWidth;
    const start = Math.max(0, now - SPAN);
    const across = (seconds) => LEFT + ((seconds - start) / SPAN) * (width - LEFT - 1);
    panels.forEach(([track, points], i) => {
      const top = 1 + i * (PANEL + GAP);
      drawAxes(context, `face ${track}`, top, width);
      rules.classes.forEach((name, at) => {
        if (points.some(({ scores }) => scores[at] >= 0.2)) drawLine(context, points, at, colourOf(name), across, top);
      });
    });
  }

  /** The context of the canvas, empty, as sharp as the screen. */
  #resized(panels) {
    const canvas = this.#canvas;
    const height = panels * (PANEL + GAP);
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const context = canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    return context;
  }
}

function drawAxes(context, title, top, width) {
  const colour = getComputedStyle(context.canvas).color;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  context.globalAlpha = 0.4;
  context.strokeRect(LEFT + 0.5, top + 0.5, width - LEFT - 1.5, PANEL);
  context.globalAlpha = 1;
  context.textAlign = "right";
  context.fillText("1", LEFT - 4, top + 10);
  context.fillText(title, LEFT - 4, top + PANEL / 2 + 4);
  context.fillText("0", LEFT - 4, top + PANEL);
}

function drawLine(context, points, at, colour, across, top) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  points.forEach(({ seconds, scores }, i) => {
    const x = across(seconds);
    const y = top + (1 - scores[at]) * PANEL;
    if (i) context.lineTo(x, y);
    else context.moveTo(x, y);
  });
  context.stroke();
}
