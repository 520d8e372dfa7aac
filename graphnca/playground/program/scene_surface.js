// The cells of a surface in space with WebGL2, in the light of a lamp beside the viewer.

const LAMP = [-0.42, -0.5, 0.757]; // where it stands: to the right, downwards, towards the viewer
const SHADOW = 0.5; // of the colour that is left without light

// The lamp's direction in space, and how bright what faces it by so much is; the shader below agrees.
const lightOf = (camera) => [0, 1, 2].map((axis) => camera.axes.reduce((sum, row, k) => sum + LAMP[k] * row[axis], 0));
const shadeOf = (facing) => SHADOW + (1 - SHADOW) * Math.max(0, facing);

class SurfaceScene {
  constructor(gl, substrate) {
    Object.assign(this, { gl, substrate });
    this.mesh = linkProgram(
      gl,
      `${TEXEL}
      layout(location = 0) in vec3 place;
      layout(location = 1) in vec3 normal;
      const int CELLS = ${substrate.cells};
      uniform sampler2D colours;
      uniform mat3 axes; // to the right, downwards, towards the viewer
      uniform vec3 middle;
      uniform vec2 stretch, shift;
      uniform float far, radius;
      uniform int width;
      flat out vec3 colour; // that of the last corner of a triangle, its cell's middle
      out vec3 outwards;
      out float inside;
      void main() {
        bool isMiddle = gl_VertexID < CELLS;
        colour = isMiddle ? texelFetch(colours, texel(gl_VertexID, width), 0).rgb : vec3(0.0);
        inside = isMiddle ? 1.0 : 0.0;
        outwards = normal;
        vec3 from = (place - middle) * axes;
        float depth = 1.0 - from.z / far, thick = radius / far;
        gl_Position = vec4((from.xy - shift * depth) * stretch, (depth - (1.0 - thick * thick)) / thick, depth);
      }`,
      `flat in vec3 colour;
      in vec3 outwards;
      in float inside;
      uniform vec3 ink, light;
      uniform float lines, edge;
      out vec4 result;
      void main() {
        float slope = max(fwidth(inside), 1e-6);
        float line = 1.0 - smoothstep(edge, edge + 1.0, inside / slope);
        float facing = dot(outwards, light) * (gl_FrontFacing ? -1.0 : 1.0); // corners run clockwise seen from outside
        float shade = ${SHADOW.toFixed(2)} + ${(1 - SHADOW).toFixed(2)} * max(0.0, facing);
        result = vec4(shade * mix(colour, ink, lines * line), 1.0);
      }`,
    );
    const { place, normal, triangles } = substrate.mesh;
    this.vertices = gl.createVertexArray();
    this.buffers = [0, 1, 2].map(() => gl.createBuffer());
    this.count = triangles.length;
    gl.bindVertexArray(this.vertices);
    [place, normal].forEach((data, k) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[k]);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(k);
      gl.vertexAttribPointer(k, 3, gl.FLOAT, false, 0, 0);
    });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers[2]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);
    gl.bindVertexArray(null);
  }

  // Draws them; what all scenes need is bound (view_gl.js).
  draw(camera) {
    const { gl, substrate, mesh: { uniforms } } = this;
    gl.uniformMatrix3fv(uniforms.axes, false, camera.axes.flat()); // columns: a row vector times it
    gl.uniform3fv(uniforms.middle, substrate.middle);
    gl.uniform3fv(uniforms.light, lightOf(camera));
    gl.uniform2fv(uniforms.shift, camera.shift);
    gl.uniform1f(uniforms.far, DISTANCE * substrate.radius);
    gl.uniform1f(uniforms.radius, 1.001 * substrate.radius);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    gl.bindVertexArray(this.vertices);
    gl.drawElements(gl.TRIANGLES, this.count, gl.UNSIGNED_INT, 0);
    gl.bindVertexArray(null);
    gl.disable(gl.DEPTH_TEST);
  }

  release() {
    const { gl } = this;
    this.buffers.forEach((buffer) => gl.deleteBuffer(buffer));
    gl.deleteVertexArray(this.vertices);
    gl.deleteProgram(this.mesh.program);
  }
}
