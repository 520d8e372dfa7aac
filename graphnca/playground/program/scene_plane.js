// The cells of the plane with WebGL2: their polygons as triangles round their centres, and as many copies of a torus as
// the picture shows.

const SEAM = 2; // units from a seam of a torus within which a cell may reach over it

class PlaneScene {
  constructor(gl, substrate) {
    Object.assign(this, { gl, substrate });
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
  }

  // Draws them; what all scenes need is bound (view_gl.js).
  draw(camera, width, height) {
    const { gl, substrate } = this;
    const scale = camera.scale(substrate, width, height);
    gl.uniform2f(this.mesh.uniforms.centre, ...camera.centre);
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
  }

  release() {
    const { gl } = this;
    this.buffers.forEach((buffer) => gl.deleteBuffer(buffer));
    gl.deleteVertexArray(this.vertices);
    gl.deleteProgram(this.mesh.program);
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
