// human's network for emotions, on faces as they are: its src/gear/emotion.ts, without a detector's crop before it.
const { counted, serve } = require('./serve.cjs');
const fs = require('fs');
const path = require('path');

const modules = process.argv[2];
const load = (name) => require(path.join(modules, name));
const tf = { ...load('@tensorflow/tfjs-core'), ...load('@tensorflow/tfjs-converter') };
const wasm = load('@tensorflow/tfjs-backend-wasm');

const FOLDER = path.join(modules, '@vladmandic/human/models');

async function main() {
  wasm.setWasmPaths(path.join(modules, '@tensorflow/tfjs-backend-wasm/dist/'));
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(path.join(FOLDER, 'emotion.json')));
  const bytes = Buffer.concat(weightsManifest.flatMap(({ paths }) => paths)
    .map((name) => fs.readFileSync(path.join(FOLDER, name))));
  const model = await tf.loadGraphModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  });
  const side = model.inputs[0].shape[2];
  await serve(async ({ pixels, height, width }) => {
    const scores = tf.tidy(() => {
      const face = tf.tensor4d(Float32Array.from(pixels, (value) => value / 255), [1, height, width, 1]);
      return model.execute(tf.mul(tf.sub(tf.image.resizeBilinear(face, [side, side], false), 0.5), 2));
    });
    const data = await scores.data();
    scores.dispose();
    return data;
  }, counted(weightsManifest, FOLDER));
}

main();
