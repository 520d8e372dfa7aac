// Without WebGL2, or where it is slow: every pixel looks up the colour of the cell it lies in. Who that is, how much light
// falls there, and where the lines between cells run, is found when the camera moves.

const LIT = 255; // of a pixel in full light

// A packed colour in less light.
const shaded = (colour, light) =>
  ((colour & 0xff000000) | ((((colour & 0xff00ff) * light) >>> 8) & 0xff00ff) | ((((colour & 0xff00) * light) >>> 8) & 0xff00)) >>> 0;

class PixelView {
  constructor(canvas) {
    Object.assign(this, { canvas, name: "a plain canvas" });
    this.context = canvas.getContext("2d");
    this.seen = "";
  }

  setSubstrate(substrate) {
    this.substrate = substrate;
    this.seen = "";
  }

  // For each pixel twice the number of its cell, one more on a line between cells, -1 outside; and on a surface the light.
  find(camera, width, height) {
    const { substrate } = this;
    const pixels = substrate instanceof Surface ? surfacePixels : planePixels;
    Object.assign(this, { shade: null, ...pixels(substrate, camera, width, height) });
    const { place } = this;
    this.lines = linesOf(camera.scale(substrate, width, height) * substrate.spacing);
    for (let y = 0, at = 0; this.lines > 0 && y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (place[at] < 0) continue;
        const here = place[at];
        if ((x + 1 < width && place[at + 1] !== here) || (y + 1 < height && place[at + width] !== here)) place[at] |= 1;
      }
    }
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  draw(engine, lens, camera, { paper, ink }) {
    const { canvas, substrate, context } = this;
    const { width, height } = canvas;
    const seen = [width, height, ...camera.setting].join();
    if (seen !== this.seen) {
      this.seen = seen;
      this.find(camera, width, height);
    }
    const state = engine.read();
    const { place, shade, pixels, lines } = this;
    const colours = new Uint32Array(2 * substrate.cells);
    const packed = ([r, g, b]) => (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
    for (let i = 0; i < substrate.cells; i++) {
      const colour = lens.colourOf(state, i, paper);
      colours[2 * i] = packed(colour);
      colours[2 * i + 1] = packed(colour.map((part, k) => part + lines * (ink[k] - part)));
    }
    if (!shade) for (let at = 0; at < place.length; at++) pixels[at] = place[at] < 0 ? 0 : colours[place[at]];
    else for (let at = 0; at < place.length; at++) pixels[at] = place[at] < 0 ? 0 : shaded(colours[place[at]], shade[at]);
    context.putImageData(this.image, 0, 0);
  }
}
