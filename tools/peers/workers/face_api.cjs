// face-api's network for expressions, by its own predictExpressions, which scales to 112 pixels and normalises.
const { counted, serve } = require('./serve.cjs');
const fs = require('fs');
const path = require('path');

const modules = process.argv[2];
const load = (name) => require(path.join(modules, name));
const wasm = load('@tensorflow/tfjs-backend-wasm');
const faceapi = load('@vladmandic/face-api/dist/face-api.node-wasm.js');
const { tf } = faceapi;

const FOLDER = path.join(modules, '@vladmandic/face-api/model');
const CLASSES = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'];

async function main() {
  wasm.setWasmPaths(path.join(modules, '@tensorflow/tfjs-backend-wasm/dist/'));
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  const network = faceapi.nets.faceExpressionNet;
  await network.loadFromDisk(FOLDER);
  const manifest = JSON.parse(fs.readFileSync(path.join(FOLDER, 'face_expression_model-weights_manifest.json')));
  await serve(async ({ pixels, height, width }) => {
    const face = tf.tidy(() => tf.tile(tf.tensor3d(Float32Array.from(pixels), [height, width, 1]), [1, 1, 3]));
    const found = await network.predictExpressions(face);
    face.dispose();
    return CLASSES.map((name) => found[name]);
  }, counted(manifest, FOLDER));
}

main();
