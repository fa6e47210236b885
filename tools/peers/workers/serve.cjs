// The loop of a worker in Node: pictures on standard input, scores on standard output, as serve.py describes it.
const fs = require('fs');

console.log = console.error; // what libraries print must not come between the answers

// Reads exactly `size` bytes; null where there are none left.
function read(size) {
  const bytes = Buffer.alloc(size);
  for (let done = 0; done < size;) {
    const got = fs.readSync(0, bytes, done, size - done, null);
    if (got === 0) return null;
    done += got;
  }
  return bytes;
}

function write(bytes) {
  for (let done = 0; done < bytes.length;) done += fs.writeSync(1, bytes, done);
}

// `classify` takes one picture, { pixels, height, width }, and resolves to its scores.
async function serve(classify, { parameters, size }) {
  write(Buffer.from(`${JSON.stringify({ parameters, size })}\n`));
  for (let header = read(12); header; header = read(12)) {
    const [count, height, width] = [0, 4, 8].map((at) => header.readUInt32LE(at));
    const pictures = read(count * height * width);
    const rows = [];
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const pixels = pictures.subarray(i * height * width, (i + 1) * height * width);
      rows.push(Float32Array.from(await classify({ pixels, height, width })));
    }
    const { user, system } = process.cpuUsage(start); // microseconds
    const answer = Buffer.alloc(16);
    answer.writeUInt32LE(count, 0);
    answer.writeUInt32LE(rows[0].length, 4);
    answer.writeDoubleLE((user + system) / 1e6, 8);
    write(Buffer.concat([answer, ...rows.map((row) => Buffer.from(row.buffer))]));
  }
}

// The numbers that a manifest of TensorFlow.js lists, and the bytes of its files.
function counted(manifest, folder) {
  const { weights, paths } = manifest.reduce((all, group) => ({
    weights: [...all.weights, ...group.weights], paths: [...all.paths, ...group.paths],
  }), { weights: [], paths: [] });
  const learned = weights.filter(({ dtype }) => dtype === 'float32');
  return {
    parameters: learned.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    size: paths.reduce((sum, path) => sum + fs.statSync(`${folder}/${path}`).size, 0),
  };
}

module.exports = { counted, serve };
