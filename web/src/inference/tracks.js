/**
 * Faces from frame to frame, as lanmsff_plugins/inference/tracks.py: which box is the same face as before, and its
 * expression smoothed over time.
 *
 *     const tracker = new Tracker();
 *     for (const { track, face, smoothed } of tracker.update(faces, seconds)) ...
 */
import rules from "#rules";

import { overlap } from "./crops.js";

const { least, patience, memory } = rules.tracks;

export class Tracker {
  #last = new Map(); // by track: what was seen last, and when
  #tracks = 0;

  /** The faces of the next frame with their tracks, in the same order. */
  update(faces, seconds) {
    for (const [track, { then }] of this.#last) {
      if (seconds - then > patience) this.#last.delete(track);
    }
    const trackOf = this.#matched(faces);
    return faces.map((face, i) => {
      const track = trackOf.get(i) ?? ++this.#tracks;
      const smoothed = this.#smooth(track, face, seconds);
      this.#last.set(track, { face, smoothed, then: seconds });
      return { track, face, smoothed };
    });
  }

  /** The tracks of faces by their places in the frame: the largest overlaps first, each track and face once. */
  #matched(faces) {
    const pairs = [...this.#last].flatMap(([track, { face: before }]) =>
      faces.map((face, i) => ({ shared: overlap(before.box, face.box), track, i })));
    pairs.sort((one, other) => other.shared - one.shared || other.track - one.track || other.i - one.i);
    const trackOf = new Map();
    const taken = new Set();
    for (const { shared, track, i } of pairs) {
      if (shared >= least && !trackOf.has(i) && !taken.has(track)) {
        trackOf.set(i, track);
        taken.add(track);
      }
    }
    return trackOf;
  }

  #smooth(track, face, seconds) {
    const last = this.#last.get(track);
    if (!last) return face.scores;
    const keep = Math.exp(-Math.max(0, seconds - last.then) / memory);
    return face.scores.map((score, i) => keep * last.smoothed[i] + (1 - keep) * score);
  }
}
