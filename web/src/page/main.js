/**
 * The page: what its buttons do, and where results go.
 */
import rules from "#rules";

import { records, toCsv } from "../inference/records.js";
import { Tracker } from "../inference/tracks.js";
import { Camera } from "./camera.js";
import { byId, element } from "./elements.js";
import { colourOf, faceItems, inWords, overlay, shown } from "./faces.js";
import { decoded } from "./pictures.js";
import { openReader } from "./reader.js";
import { Timeline } from "./timeline.js";

const timeline = new Timeline(byId("timeline"));
const reader = openReader();
let written = []; // the records of all faces so far
let camera = null;
let opening = false; // while the browser asks whether it may
let cameras = 0; // how many times the camera was started

reader.then(() => say("Ready."), (error) => say(`The networks cannot be loaded: ${error.message}`));

function say(text) {
  byId("status").textContent = text;
}

function complain(text) {
  byId("problems").append(element("li", {}, text));
  byId("clear").disabled = false;
}

function keep(found) {
  for (const record of found) written.push(record); // not push(...found), which limits how many there may be
  byId("download").disabled = !written.length;
  byId("clear").disabled = false;
}

/* Pictures */

let queue = Promise.resolve();

function readFiles(files) {
  queue = queue.then(() => readAll(files));
}

async function readAll(files) {
  let done = 0;
  let last = "";
  for (const [i, file] of files.entries()) {
    if (files.length > 1) say(`Reading ${i + 1} of ${files.length}: ${file.name}`);
    try {
      const read = await reader;
      const picture = await decoded(file);
      const { width, height } = picture;
      const faces = await read(picture);
      keep(records(file.name, null, faces));
      show(file, width, height, faces);
      done += 1;
      last = `${file.name}: ${inWords(faces)}`;
    } catch (error) {
      complain(`${file.name}: ${error.message}`);
    }
  }
  say(files.length > 1 ? `${done} of ${files.length} read. ${last}` : last);
}

/** The newest picture stands first. */
function show(file, width, height, faces) {
  const image = element("img", { width, height, alt: `${file.name}: ${inWords(faces)}`, loading: "lazy" });
  image.src = URL.createObjectURL(file);
  byId("pictures").hidden = false;
  byId("results").prepend(element("article", {},
    element("h3", {}, file.name),
    element("div", { class: "result" },
      element("div", { class: "picture" }, image, ...overlay(faces, width, height)),
      faces.length ? element("ol", { class: "faces" }, ...faceItems(faces)) : element("p", {}, "No face found."))));
}

/* Camera */

async function toggleCamera() {
  if (camera) camera.stop();
  if (camera || opening) return;
  opening = true;
  try {
    camera = await Camera.open();
  } catch (error) {
    return complain(`Camera: ${error.message}.`);
  } finally {
    opening = false;
  }
  byId("camera").textContent = "Stop camera";
  byId("live").hidden = false;
  timeline.clear();
  const name = ++cameras === 1 ? "camera" : `camera ${cameras}`;
  try {
    await camera.run(await reader, follow(name));
  } catch (error) {
    complain(`Camera: ${error.message}.`);
  } finally {
    camera.stop();
    camera = null;
    byId("camera").textContent = "Start camera";
    say("The camera is off.");
  }
}

/** What is done with each frame of a camera. */
function follow(name) {
  const tracker = new Tracker();
  const spoken = new Map(); // by track: the label that was said last
  return ({ index, time, skipped, picture, faces }) => {
    const tracked = tracker.update(faces, time);
    keep(records(name, { index, time }, tracked));
    showFrame(picture, tracked);
    timeline.add(time, tracked);
    byId("pace").textContent = `${((index + 1) / Math.max(time, 0.001)).toFixed(1)} frames a second, ${skipped} skipped`;
    sayChanges(tracked, spoken);
  };
}

function showFrame(picture, tracked) {
  const view = byId("view");
  Object.assign(view, { width: picture.width, height: picture.height });
  view.getContext("2d").drawImage(picture, 0, 0);
  view.parentElement.replaceChildren(view, ...overlay(tracked, picture.width, picture.height));
  byId("live-faces").replaceChildren(...faceItems(tracked));
}

/** Said only where the expression of a face becomes another one, so that a screen reader can keep up. */
function sayChanges(tracked, spoken) {
  const now = tracked.map(shown).filter(({ number, label }) => spoken.get(number) !== label);
  for (const { number, label } of now) spoken.set(number, label);
  if (now.length) say(now.map(({ number, label }) => `Face ${number}: ${label}`).join(", "));
}

/* Output */

function download() {
  const link = element("a", { download: "faces.csv" });
  link.href = URL.createObjectURL(new Blob([toCsv(written)], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function clear() {
  for (const image of document.querySelectorAll("#results img")) URL.revokeObjectURL(image.src);
  written = [];
  byId("results").replaceChildren();
  byId("problems").replaceChildren();
  byId("live-faces").replaceChildren();
  timeline.clear();
  byId("pictures").hidden = true;
  byId("live").hidden = !camera;
  byId("download").disabled = byId("clear").disabled = true;
  say("Cleared.");
}

/* What starts it all */

byId("files").addEventListener("change", ({ target }) => {
  readFiles([...target.files]);
  target.value = ""; // so that the same file can be chosen again
});
byId("camera").addEventListener("click", toggleCamera);
byId("download").addEventListener("click", download);
byId("clear").addEventListener("click", clear);

document.addEventListener("paste", ({ clipboardData }) => receive(clipboardData));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dropping"); // it left the window
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  receive(event.dataTransfer);
});

function receive({ files }) {
  if (files.length) readFiles([...files]);
  else complain("There was no picture file in that; save the picture first.");
}

for (const name of rules.classes) {
  const colour = element("i");
  colour.style.background = colourOf(name);
  byId("legend").append(element("li", {}, colour, name));
}
