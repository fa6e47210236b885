/**
 * The files that build.js has put into the page: compressed, as text in <script> elements that are never run.
 *
 *     const network = await asset("detector.onnx"); // Uint8Array
 */
export async function asset(name) {
  const element = document.getElementById(name);
  const packed = Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0));
  element.remove(); // megabytes that nothing needs twice
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
