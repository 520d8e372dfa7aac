// Draws the cells with WebGL2: what colour each has is a pass over the state's textures, where it lies is its scene's.

const LINES_FROM = 5, LINES_FULL = 16; // pixels of a cell from which the lines between cells are seen, and fully seen
const LINE = 0.16; // of the way from a cell's colour to the ink's

// How strong the lines between cells of so many pixels are.
const linesOf = (size) => LINE * Math.min(1, Math.max(0, (size - LINES_FROM) / (LINES_FULL - LINES_FROM)));

class GlView {
  constructor(gl, canvas) {
    Object.assign(this, { gl, canvas, name: "WebGL2" });
    this.paints = new Map();
  }

  setSubstrate(substrate) {
    const { gl } = this;
    this.substrate = substrate;
    this.scene?.release();
    this.scene = substrate instanceof Surface ? new SurfaceScene(gl, substrate) : new PlaneScene(gl, substrate);
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
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, colours.texture);
    const scale = camera.scale(substrate, width, height), size = scale * substrate.spacing;
    const { program, uniforms } = this.scene.mesh;
    gl.useProgram(program);
    gl.uniform1i(uniforms.colours, 0);
    gl.uniform1i(uniforms.width, colours.width);
    gl.uniform2f(uniforms.stretch, (2 * scale) / width, (-2 * scale) / height);
    gl.uniform3fv(uniforms.ink, ink.map((value) => value / 255));
    gl.uniform1f(uniforms.lines, linesOf(size));
    gl.uniform1f(uniforms.edge, Math.max(0, size / 90 - 0.5));
    this.scene.draw(camera, width, height);
    gl.activeTexture(gl.TEXTURE0 + 15);
  }
}
