/**
 * What is written of faces, as lanmsff_plugins/inference/records.py: a row a face, with the columns of
 * `lanmsff predict --csv`.
 *
 *     const text = toCsv(records("photo.jpg", null, faces));
 */
import rules from "#rules";

const columns = [...rules.records.fields, ...rules.classes];

/**
 * A record a face of a picture; of a photograph without a face, one record that says so.
 *
 * `frame` is {index, time} for a picture of a camera, whose faces are what Tracker.update gives, and null otherwise.
 */
export function records(file, frame, faces) {
  const head = { file, frame: frame?.index, time: rounded(frame?.time, 3), faces: faces.length };
  if (!faces.length) return frame ? [] : [{ ...head, warning: "no face found" }];
  return faces.map((found, i) => ({ ...head, face: i, track: found.track, ...ofFace(found.face ?? found) }));
}

function ofFace(face) {
  const [left, right] = face.eyes;
  return {
    label: face.label, score: rounded(face.score, 4),
    calibrated_score: rounded(face.calibrated[rules.classes.indexOf(face.label)], 4),
    x: rounded(face.box.x, 1), y: rounded(face.box.y, 1),
    width: rounded(face.box.width, 1), height: rounded(face.box.height, 1),
    left_eye_x: rounded(left.x, 1), left_eye_y: rounded(left.y, 1),
    right_eye_x: rounded(right.x, 1), right_eye_y: rounded(right.y, 1),
    roll: rounded(face.roll, 1), detector_score: rounded(face.detectorScore, 4), size: face.size,
    warning: face.warnings.join("; "),
    ...Object.fromEntries(rules.classes.map((name, i) => [name, rounded(face.scores[i], 4)])),
  };
}

function rounded(value, digits) {
  return value === undefined || value === null ? null : Number(value.toFixed(digits));
}

/** Records as the text of a CSV file. */
export function toCsv(found) {
  const lines = [columns, ...found.map((record) => columns.map((name) => record[name]))];
  return lines.map((values) => values.map(quoted).join(",") + "\n").join("");
}

function quoted(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
