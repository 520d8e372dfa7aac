// Draws the cells as what they are: every cell its polygon, in the colour of its state.

const LARGEST_ZOOM = 12;
const LINES_FROM = 5, LINES_FULL = 16; // pixels of a cell from which the lines between cells are seen, and fully seen
const LINE = 0.16; // of the way from a cell's colour to the ink's
const SEAM = 2; // units from a seam of a torus within which a cell may reach over it
const MARGIN = 0.97; // of the picture that a bounded domain takes; a torus goes on through its seams

// Where the picture looks: a centre in units, and how much larger than the whole substrate.
class Camera {
  constructor() {
    this.zoom = 1;
    this.centre = [0, 0];
  }

  fit(substrate) {
    this.zoom = 1;
    this.centre = [substrate.width / 2, substrate.height / 2];
  }

  // Pixels per unit.
  scale(substrate, width, height) {
    const across = width / substrate.width, down = height / substrate.height;
    return this.zoom * (substrate.periodic ? Math.max(across, down) : MARGIN * Math.min(across, down));
  }

  // The position under a point given in shares of the picture.
  position(substrate, width, height, shareX, shareY) {
    const scale = this.scale(substrate, width, height);
    return [
      this.centre[0] + ((shareX - 0.5) * width) / scale,
      this.centre[1] + ((shareY - 0.5) * height) / scale,
    ];
  }

  pan(substrate, dx, dy) {
    this.centre = [this.centre[0] + dx, this.centre[1] + dy];
    const sides = [substrate.width, substrate.height];
    this.centre = this.centre.map((value, axis) =>
      substrate.periodic
        ? value - sides[axis] * Math.floor(value / sides[axis])
        : Math.min(sides[axis], Math.max(0, value)),
    );
  }

  // Zooms by a factor, keeping what is under a point of the picture where it is.
  zoomAt(substrate, width, height, shareX, shareY, factor) {
    const before = this.position(substrate, width, height, shareX, shareY);
    this.zoom = Math.min(LARGEST_ZOOM, Math.max(1, this.zoom * factor));
    const after = this.position(substrate, width, height, shareX, shareY);
    this.pan(substrate, before[0] - after[0], before[1] - after[1]);
  }
}

// With WebGL2: the polygons as triangles around their cells' centres, colours from the state's textures.
class GlView {
  constructor(gl, canvas) {
    Object.assign(this, { gl, canvas, name: "WebGL2" });
    this.mesh = linkProgram(
      gl,
      `${TEXEL}
      layout(location = 0) in vec3 corner; // x, y in units, 1 in the middle of a cell and 0 on its border
      layout(location = 1) in float cell;
      layout(location = 2) in vec2 shift; // of a copy of the torus
      uniform sampler2D colours;
      uniform vec2 centre, stretch;
      uniform int width;
      flat out vec3 colour;
      out float inside;
      void main() {
        colour = texelFetch(colours, texel(int(cell), width), 0).rgb;
        inside = corner.z;
        gl_Position = vec4((corner.xy + shift - centre) * stretch, 0.0, 1.0);
      }`,
      `flat in vec3 colour;
      in float inside;
      uniform vec3 ink;
      uniform float lines, edge; // how much of the ink, and half the width of a line in shares of a cell
      out vec4 result;
      void main() {
        float slope = max(fwidth(inside), 1e-6);
        float line = 1.0 - smoothstep(edge, edge + 1.0, inside / slope);
        result = vec4(mix(colour, ink, lines * line), 1.0);
      }`,
    );
    this.vertices = gl.createVertexArray();
    this.buffers = [0, 1, 2, 3].map(() => gl.createBuffer());
    this.uploaded = null;
    this.paints = new Map();
  }

  setSubstrate(substrate) {
    const { gl } = this;
    this.substrate = substrate;
    const corners = [], cells = [], triangles = [], rim = [];
    substrate.polygons.forEach((polygon, cell) => {
      const x = substrate.pos[2 * cell], y = substrate.pos[2 * cell + 1], first = cells.length;
      corners.push(x, y, 1);
      cells.push(cell);
      const nearSeam = Math.min(x, y, substrate.width - x, substrate.height - y) < SEAM;
      polygon.forEach(([dx, dy], k) => {
        corners.push(x + dx, y + dy, 0);
        cells.push(cell);
        (nearSeam ? rim : triangles).push(first, first + 1 + k, first + 1 + ((k + 1) % polygon.length));
      });
    });
    gl.bindVertexArray(this.vertices);
    [corners, cells].forEach((data, k) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[k]);
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(data), gl.STATIC_DRAW);
      gl.enableVertexAttribArray(k);
      gl.vertexAttribPointer(k, k === 0 ? 3 : 1, gl.FLOAT, false, 0, 0);
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[2]);
    gl.enableVertexAttribArray(2);
    gl.vertexAttribPointer(2, 2, gl.FLOAT, false, 0, 0);
    gl.vertexAttribDivisor(2, 1);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers[3]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint32Array([...rim, ...triangles]), gl.STATIC_DRAW);
    gl.bindVertexArray(null);
    this.rim = rim.length;
    this.triangles = rim.length + triangles.length;
    if (this.colours) {
      gl.deleteTexture(this.colours.texture);
      gl.deleteFramebuffer(this.target);
    }
    this.colours = listTexture(gl, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, substrate.cells);
    this.target = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.colours.texture, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  // The program that turns states of so many channels into colours.
  paint(groups) {
    if (!this.paints.has(groups)) {
      const all = Array.from({ length: groups }, (_, group) => group);
      this.paints.set(groups, linkProgram(
        this.gl,
        EVERYWHERE,
        `${all.map((group) => `uniform sampler2D state${group};`).join("\n")}
        uniform vec4 rows[${3 * groups}];
        uniform vec3 shift, paper, stops[7];
        uniform int mode, living;
        uniform float unit;
        out vec4 result;
        void main() {
          ivec2 at = ivec2(gl_FragCoord.xy);
          vec4 first = unit * texelFetch(state0, at, 0);
          vec3 linear = shift;
          ${all.map((group) => `{
            vec4 part = unit * texelFetch(state${group}, at, 0);
            linear += vec3(dot(rows[${group}], part), dot(rows[${groups + group}], part), dot(rows[${2 * groups + group}], part));
          }`).join("\n")}
          vec3 colour;
          if (mode == 2) {
            float place = (clamp(linear.x, -1.0, 1.0) + 1.0) * 3.0;
            int lower = min(5, int(place));
            colour = mix(stops[lower], stops[lower + 1], place - float(lower));
          } else if (mode == 0) {
            colour = clamp(first.rgb + (1.0 - clamp(first.a, 0.0, 1.0)) * paper, 0.0, 1.0);
          } else {
            float opacity = living == 1 ? clamp(4.0 * first.a, 0.0, 1.0) : 1.0;
            colour = mix(paper, clamp(linear, 0.0, 1.0), opacity);
          }
          if (any(isnan(linear + first.rgb)) || any(isinf(linear + first.rgb))) colour = vec3(1.0, 0.0, 1.0);
          result = vec4(colour, 1.0);
        }`,
      ));
    }
    return this.paints.get(groups);
  }

  draw(engine, lens, camera, { paper, ink }) {
    const { gl, substrate, canvas, colours } = this;
    const { width, height } = canvas;
    const { channels } = engine.rule;
    let textures = engine.textures;
    if (!textures) {
      if (this.uploaded?.cells !== substrate.cells || this.uploaded.channels !== channels) {
        this.uploaded?.release();
        this.uploaded = new StateTextures(gl, substrate.cells, channels);
      }
      textures = this.uploaded;
      textures.upload(engine.read());
    }
    gl.disable(gl.BLEND);
    const paint = this.paint(textures.groups);
    gl.useProgram(paint.program);
    textures.bind(paint.uniforms);
    gl.uniform4fv(paint.uniforms.rows, Float32Array.from(lens.rows.flatMap((row) => [...row])));
    gl.uniform3fv(paint.uniforms.shift, lens.shift);
    gl.uniform3fv(paint.uniforms.paper, paper.map((value) => value / 255));
    gl.uniform3fv(paint.uniforms.stops, lens.stops(paper).flat().map((value) => value / 255));
    gl.uniform1f(paint.uniforms.unit, engine.textures ? engine.rule.unit : 1);
    gl.uniform1i(paint.uniforms.mode, lens.mode);
    gl.uniform1i(paint.uniforms.living, engine.rule.living ? 1 : 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.viewport(0, 0, colours.width, colours.height);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);

    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const { program, uniforms } = this.mesh;
    const scale = camera.scale(substrate, width, height);
    const size = scale * Math.sqrt((substrate.width * substrate.height) / substrate.cells);
    gl.useProgram(program);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, colours.texture);
    gl.uniform1i(uniforms.colours, 0);
    gl.uniform1i(uniforms.width, colours.width);
    gl.uniform2f(uniforms.centre, ...camera.centre);
    gl.uniform2f(uniforms.stretch, (2 * scale) / width, (-2 * scale) / height);
    gl.uniform3fv(uniforms.ink, ink.map((value) => value / 255));
    gl.uniform1f(uniforms.lines, LINE * Math.min(1, Math.max(0, (size - LINES_FROM) / (LINES_FULL - LINES_FROM))));
    gl.uniform1f(uniforms.edge, Math.max(0, size / 90 - 0.5));
    gl.bindVertexArray(this.vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[2]);
    // a copy of which only the seam is seen is drawn by the cells along it
    for (const whole of [true, false]) {
      const copies = copiesOf(substrate, camera, scale, width, height).filter((copy) => copy.whole === whole);
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(copies.flatMap(({ shift }) => shift)), gl.DYNAMIC_DRAW);
      const count = whole ? this.triangles : this.rim;
      if (copies.length && count) gl.drawElementsInstanced(gl.TRIANGLES, count, gl.UNSIGNED_INT, 0, copies.length);
    }
    gl.bindVertexArray(null);
    gl.activeTexture(gl.TEXTURE0 + 15);
  }
}

// Shifts of the copies of a torus that a picture shows, whole or their seam alone; cells reach a little over the extent.
function copiesOf(substrate, camera, scale, width, height) {
  if (!substrate.periodic) return [{ shift: [0, 0], whole: true }];
  const range = (centre, half, side) => {
    const all = [];
    for (let k = Math.floor((centre - half - SEAM) / side); k <= Math.floor((centre + half + SEAM) / side); k++) {
      const seen = Math.min(centre + half, (k + 1) * side) - Math.max(centre - half, k * side);
      all.push({ shift: k * side, whole: seen > 1e-6 });
    }
    return all;
  };
  const across = range(camera.centre[0], width / 2 / scale, substrate.width);
  return range(camera.centre[1], height / 2 / scale, substrate.height).flatMap((down) =>
    across.map((right) => ({ shift: [right.shift, down.shift], whole: right.whole && down.whole })),
  );
}

// Without WebGL2, or where it is slow: every pixel looks up the colour of the cell it lies in. Who that is, and where the
// lines between cells run, is found when the camera moves.
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

  // Fills `place`: for each pixel twice the number of its cell, one more on a line between cells, -1 outside.
  find(camera) {
    const { canvas, substrate } = this;
    const { width, height } = canvas;
    const scale = camera.scale(substrate, width, height);
    const place = new Int32Array(width * height).fill(-1);
    for (const { shift } of copiesOf(substrate, camera, scale, width, height)) {
      substrate.polygons.forEach((polygon, cell) => {
        const x = (substrate.pos[2 * cell] + shift[0] - camera.centre[0]) * scale + width / 2;
        const y = (substrate.pos[2 * cell + 1] + shift[1] - camera.centre[1]) * scale + height / 2;
        const reach = 3 * scale;
        if (x < -reach || y < -reach || x > width + reach || y > height + reach) return;
        fillPolygon(place, width, height, polygon.map(([dx, dy]) => [x + dx * scale, y + dy * scale]), 2 * cell);
      });
    }
    const size = scale * Math.sqrt((substrate.width * substrate.height) / substrate.cells);
    this.lines = LINE * Math.min(1, Math.max(0, (size - LINES_FROM) / (LINES_FULL - LINES_FROM)));
    for (let y = 0, at = 0; this.lines > 0 && y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (place[at] < 0) continue;
        const here = place[at];
        if ((x + 1 < width && place[at + 1] !== here) || (y + 1 < height && place[at + width] !== here)) place[at] |= 1;
      }
    }
    this.place = place;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  draw(engine, lens, camera, { paper, ink }) {
    const { canvas, substrate, context } = this;
    const seen = [canvas.width, canvas.height, camera.zoom, ...camera.centre].join();
    if (seen !== this.seen) {
      this.seen = seen;
      this.find(camera);
    }
    const state = engine.read();
    const { place, pixels, lines } = this;
    const colours = new Uint32Array(2 * substrate.cells);
    const packed = ([r, g, b]) => (255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r);
    for (let i = 0; i < substrate.cells; i++) {
      const colour = lens.colourOf(state, i, paper);
      colours[2 * i] = packed(colour);
      colours[2 * i + 1] = packed(colour.map((part, k) => part + lines * (ink[k] - part)));
    }
    for (let at = 0; at < place.length; at++) pixels[at] = place[at] < 0 ? 0 : colours[place[at]];
    context.putImageData(this.image, 0, 0);
  }
}

// Writes a value into the pixels whose centres lie in a convex polygon.
function fillPolygon(pixels, width, height, corners, value) {
  let top = Infinity, bottom = -Infinity;
  for (const [, y] of corners) {
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const last = Math.min(height - 1, Math.ceil(bottom - 0.5) - 1);
  for (let row = Math.max(0, Math.ceil(top - 0.5)); row <= last; row++) {
    const level = row + 0.5;
    let left = Infinity, right = -Infinity;
    for (let k = 0; k < corners.length; k++) {
      const [ax, ay] = corners[k], [bx, by] = corners[(k + 1) % corners.length];
      if (ay <= level === by <= level) continue;
      const x = ax + ((level - ay) / (by - ay)) * (bx - ax);
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    const end = Math.min(width - 1, Math.ceil(right - 0.5) - 1);
    for (let column = Math.max(0, Math.ceil(left - 0.5)); column <= end; column++) pixels[row * width + column] = value;
  }
}
