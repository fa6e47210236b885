/**
 * The camera: frames to faces, as fast as this device reads them.
 *
 *     const camera = await Camera.open();
 *     await camera.run(read, (frame) => ...); // until camera.stop()
 */
import { pixelsOf } from "./pictures.js";

const REASONS = {
  NotAllowedError: "the browser was not allowed to use the camera; permit it beside the address, and start it again",
  NotFoundError: "no camera was found",
  NotReadableError: "the camera gives no picture; is another program using it?",
};

export class Camera {
  #stream;
  #video = document.createElement("video");
  #endWaiting = () => {}; // for the next frame, which does not come once the camera is off

  /** Ask for the camera; it fails with an Error that says what to do. */
  static async open() {
    if (!navigator.mediaDevices) throw new Error("browsers give a camera only to https:// pages and to files on disk");
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
    const camera = new Camera();
    try {
      camera.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      camera.#stream.getVideoTracks()[0].addEventListener("ended", () => camera.stop()); // it was unplugged
      camera.#video.srcObject = camera.#stream;
      camera.#video.muted = true;
      camera.#video.playsInline = true;
      await camera.#video.play();
      return camera;
    } catch (error) {
      if (camera.#stream) camera.stop();
      throw new Error(REASONS[error.name] ?? `the camera cannot be used (${error.message})`);
    }
  }

  stop() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#video.pause();
    this.#endWaiting();
  }

  /** Call `use` with {index, time, skipped, picture: ImageBitmap, faces} for each frame, until the camera stops. */
  async run(read, use) {
    const start = performance.now();
    const before = this.#video.getVideoPlaybackQuality().totalVideoFrames;
    for (let index = 0; await this.#nextFrame(); index++) {
      const time = (performance.now() - start) / 1000;
      const picture = await createImageBitmap(this.#video);
      const faces = await read(pixelsOf(picture, picture.width, picture.height));
      const taken = this.#video.getVideoPlaybackQuality().totalVideoFrames - before;
      if (this.#stream.active) use({ index, time, skipped: Math.max(0, taken - index - 1), picture, faces });
      picture.close();
    }
  }

  /** Whether there is one: false once the camera has stopped. */
  #nextFrame() {
    return new Promise((resolve) => {
      if (!this.#stream.active) return resolve(false);
      this.#endWaiting = () => resolve(false);
      if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(() => resolve(true));
      else requestAnimationFrame(() => resolve(true));
    });
  }
}
