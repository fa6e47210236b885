/**
 * The networks, off the page's thread so that it stays responsive. Pictures come in, their faces go out, in order.
 *
 * The first message is {id, runtime, detector, expression}, the files of ONNX Runtime and of both networks; the others
 * are {id, picture}. Each is answered by {id, faces}, without faces for the first, or by {id, error}.
 */
import { env, InferenceSession } from "onnxruntime-web/wasm";

import { openReader } from "./inference/predictor.js";

let read;
let last = Promise.resolve();

self.onmessage = ({ data }) => {
  last = last.then(() => answer(data)).then(
    (message) => self.postMessage(message),
    (error) => self.postMessage({ id: data.id, error: String(error?.message ?? error) }));
};

async function answer({ id, picture, runtime, detector, expression }) {
  if (picture) return { id, faces: await read(picture) };
  env.wasm.wasmBinary = runtime;
  env.wasm.numThreads = 1; // more need headers that a file on disk does not have
  read = openReader(...await Promise.all([detector, expression].map((network) => InferenceSession.create(network))));
  return { id };
}
