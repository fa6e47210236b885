// The faces that human finds in photographs, with its settings but for the number of faces, of which it looks for one.
//
//   node human_photographs.cjs node_modules '[{"file": "party.rgb", "width": 640, "height": 480}]'
const fs = require('fs');
const path = require('path');

const [modules, pictures] = process.argv.slice(2);
const load = (name) => require(path.join(modules, name));
const tf = load('@tensorflow/tfjs-core');
const wasm = load('@tensorflow/tfjs-backend-wasm');
const { Human } = load('@vladmandic/human/dist/human.node-wasm.js');

const MODELS = 'http://models/';
globalThis.fetch = async (url) => new Response(
  fs.readFileSync(path.join(modules, '@vladmandic/human/models', String(url).replace(MODELS, ''))),
);

async function main() {
  const wasmPath = path.join(modules, '@tensorflow/tfjs-backend-wasm/dist/');
  wasm.setWasmPaths(wasmPath);
  await tf.setBackend('wasm');
  const human = new Human({
    backend: 'wasm', wasmPath, modelBasePath: MODELS, cacheSensitivity: 0, filter: { enabled: false },
    face: { detector: { maxDetected: 100 } },
    body: { enabled: false }, hand: { enabled: false }, gesture: { enabled: false }, object: { enabled: false },
  });
  const found = [];
  for (const { file, width, height } of JSON.parse(pictures)) {
    const picture = tf.tensor4d(new Uint8Array(fs.readFileSync(file)), [1, height, width, 3], 'int32');
    const { face } = await human.detect(picture);
    found.push(face.map(({ emotion }) => (emotion?.length ? [emotion[0].emotion, emotion[0].score] : ['none', 0])));
    picture.dispose();
  }
  console.log(JSON.stringify(found));
}

main();
