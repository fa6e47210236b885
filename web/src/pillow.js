/**
 * What Pillow does to pictures of 8 bits, to the last bit: the network was trained and measured on its pixels, and a
 * canvas scales without antialiasing, in another way in each browser.
 *
 * A picture is {pixels, width, height, bands}: a Uint8Array row by row, with 1 band (grey) or 3 (RGB).
 *
 *     const small = resize(toGrey(picture), 64, 64);
 */

const PRECISION = 22; // bits behind the point of Pillow's fixed-point weights

/** Python's round(): halves go to the even neighbour. */
export function round(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** ITU-R 601's luma, as Image.convert("L"). */
export function toGrey({ pixels, width, height, bands }) {
  if (bands === 1) return { pixels, width, height, bands };
  const grey = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
    grey[i] = (19595 * pixels[j] + 38470 * pixels[j + 1] + 7471 * pixels[j + 2] + 32768) >> 16;
  }
  return { pixels: grey, width, height, bands: 1 };
}

/** Bilinear with antialiasing, as Image.resize with BILINEAR; the aspect is not kept. */
export function resize(picture, width, height) {
  const wide = picture.width === width ? picture : scaleRows(picture, width);
  return wide.height === height ? wide : scaleColumns(wide, height);
}

/** For each output pixel: the first input pixel that it takes, and fixed-point weights of that and those behind it. */
function weightsOf(from, to) {
  const scale = from / to;
  const support = Math.max(1, scale); // wider than a pixel where the picture shrinks: that is the antialiasing
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(from, Math.trunc(centre + support + 0.5));
    const triangle = Array.from({ length: last - first }, (_, j) =>
      Math.max(0, 1 - Math.abs((j + first - centre + 0.5) / support)));
    const sum = triangle.reduce((one, other) => one + other);
    return { first, weights: Int32Array.from(triangle, (weight) => Math.trunc(0.5 + (weight / sum) * 2 ** PRECISION)) };
  });
}

const HALF = 1 << (PRECISION - 1);

function scaleRows({ pixels, width, height, bands }, toWidth) {
  const scaled = new Uint8ClampedArray(toWidth * height * bands);
  const columns = weightsOf(width, toWidth);
  let out = 0;
  for (let row = 0; row < height; row++) {
    for (const { first, weights } of columns) {
      const start = (row * width + first) * bands;
      for (let band = 0; band < bands; band++) {
        let sum = HALF;
        for (let j = 0, i = start + band; j < weights.length; j++, i += bands) sum += pixels[i] * weights[j];
        scaled[out++] = sum >> PRECISION;
      }
    }
  }
  return { pixels: new Uint8Array(scaled.buffer), width: toWidth, height, bands };
}

function scaleColumns({ pixels, width, height, bands }, toHeight) {
  const stride = width * bands;
  const scaled = new Uint8ClampedArray(stride * toHeight);
  let out = 0;
  for (const { first, weights } of weightsOf(height, toHeight)) {
    for (let column = 0; column < stride; column++) {
      let sum = HALF;
      for (let j = 0, i = first * stride + column; j < weights.length; j++, i += stride) sum += pixels[i] * weights[j];
      scaled[out++] = sum >> PRECISION;
    }
  }
  return { pixels: new Uint8Array(scaled.buffer), width, height: toHeight, bands };
}

/**
 * A square part of a picture that was turned about its centre, against the clock, as Image.rotate with BILINEAR.
 *
 * The part is the picture less `margin` pixels at each edge; what comes from beyond the picture is black.
 */
export function rotate({ pixels, width, height, bands }, degrees, margin) {
  const angle = -(((degrees % 360) + 360) % 360) * (Math.PI / 180);
  const cos = Number(Math.cos(angle).toFixed(15));
  const sin = Number(Math.sin(angle).toFixed(15));
  const right = cos * (-width / 2) + sin * (-height / 2) + width / 2;
  const down = -sin * (-width / 2) + cos * (-height / 2) + height / 2;
  const part = { pixels: null, width: width - 2 * margin, height: height - 2 * margin, bands };
  part.pixels = new Uint8Array(part.width * part.height * bands);
  let out = 0;
  for (let row = margin + 0.5; row < height - margin; row++) {
    for (let column = margin + 0.5; column < width - margin; column++, out += bands) {
      const x = cos * column + sin * row + right;
      const y = -sin * column + cos * row + down;
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      sample(pixels, width, height, bands, x - 0.5, y - 0.5, part.pixels, out);
    }
  }
  return part;
}

/** Put the bilinear mean of four pixels at `out`; Pillow cuts fractions off here. */
function sample(pixels, width, height, bands, x, y, into, out) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const across = x - left;
  const down = y - top;
  const near = clamp(left, width) * bands;
  const far = clamp(left + 1, width) * bands;
  const upper = clamp(top, height) * width * bands;
  const lower = clamp(top + 1, height) * width * bands;
  for (let band = 0; band < bands; band++) {
    const above = between(pixels[upper + near + band], pixels[upper + far + band], across);
    const below = between(pixels[lower + near + band], pixels[lower + far + band], across);
    into[out + band] = between(above, below, down);
  }
}

function between(one, other, share) {
  return one + (other - one) * share;
}

function clamp(index, length) {
  return Math.min(Math.max(index, 0), length - 1);
}
