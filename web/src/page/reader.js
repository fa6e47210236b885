/**
 * The worker as a function from pictures to faces.
 *
 *     const read = await openReader();
 *     const faces = await read(picture); // the picture's pixels are gone to the worker then
 */
import { asset } from "./assets.js";

export async function openReader() {
  const [source, runtime, detector, expression] = await Promise.all(
    ["worker.js", "runtime.wasm", "detector.onnx", "expression.onnx"].map(asset));
  // A worker from a blob, since a page from disk may not load one from a file.
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  const waiting = new Map();

  const ask = (message, moved) => new Promise((resolve, reject) => {
    waiting.set(message.id, { resolve, reject });
    worker.postMessage(message, moved);
  });
  worker.onmessage = ({ data: { id, error, faces } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(faces);
    else reject(new Error(error));
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message ?? "the worker could not be started"));
    waiting.clear();
  };

  await ask({ id: 0, runtime, detector, expression }, [runtime.buffer, detector.buffer, expression.buffer]);
  URL.revokeObjectURL(address);
  let asked = 0;
  return (picture) => ask({ id: ++asked, picture }, [picture.pixels.buffer]);
}
