/**
 * From a picture file, or a frame of a camera, to the pixels that the reader takes.
 *
 *     const picture = await decoded(file); // {pixels, width, height, bands: 3}
 */
import rules from "#rules";

const TILE = 4096; // pixels; browsers limit the size of a canvas, some to 16 million pixels

/** The upright picture in a file, without its colour profile, transparent parts white: as lanmsff_plugins.pictures. */
export async function decoded(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", imageOrientation: "from-image" });
  } catch {
    throw new Error("cannot be read as a picture; expected JPEG, PNG, WebP, GIF, BMP or AVIF");
  }
  try {
    if (bitmap.width * bitmap.height > rules.pictures.maxPixels) {
      throw new Error(`has ${bitmap.width}x${bitmap.height} pixels; scale it down`);
    }
    return pixelsOf(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** RGB of whatever a canvas can draw. */
export function pixelsOf(source, width, height) {
  const pixels = new Uint8Array(width * height * 3);
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(width, TILE);
  canvas.height = Math.min(height, TILE);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      context.fillStyle = "white";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(source, -left, -top);
      const tile = context.getImageData(0, 0, Math.min(TILE, width - left), Math.min(TILE, height - top));
      copyTile(tile, pixels, left, top, width);
    }
  }
  return { pixels, width, height, bands: 3 };
}

function copyTile({ data, width, height }, pixels, left, top, stride) {
  for (let row = 0, i = 0; row < height; row++) {
    let out = ((top + row) * stride + left) * 3;
    for (let column = 0; column < width; column++, i += 4) {
      pixels[out++] = data[i];
      pixels[out++] = data[i + 1];
      pixels[out++] = data[i + 2];
    }
  }
}
