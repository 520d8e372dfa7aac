// The few things that both the engine on the GPU and the view ask of WebGL2.

// A context with which a picture can be drawn, of surfaces with `depth`; `canvas` keeps it. Null where the browser has none.
function openGl(canvas, depth) {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: true, depth, powerPreference: "high-performance" });
  if (!gl || gl.isContextLost()) return null;
  return prepared(gl);
}

// A context that is new, or was lost and has come back.
function prepared(gl) {
  stateFormat(gl); // enables the extension; the view can do without
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.disable(gl.DITHER);
  return gl;
}

// Whether the "graphics processor" is a program on the page's own cores, by its name, where the browser tells it.
function isSoftware(gl) {
  const told = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER;
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(told));
}

// The format of textures of states into which the engine draws: floats, or where they are missing (on many phones) floats
// of 16 bits; null where there are neither.
function stateFormat(gl) {
  if (gl.getExtension("EXT_color_buffer_float")) return gl.RGBA32F;
  return gl.getExtension("EXT_color_buffer_half_float") ? gl.RGBA16F : null;
}

function linkProgram(gl, vertexSource, fragmentSource) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertexSource], [gl.FRAGMENT_SHADER, fragmentSource]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, `#version 300 es\nprecision highp float;\nprecision highp int;\nprecision highp sampler2D;\n${source}`);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`shader: ${gl.getShaderInfoLog(shader)}`);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`program: ${gl.getProgramInfoLog(program)}`);
  const uniforms = {};
  for (let k = 0; k < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); k++) {
    const { name } = gl.getActiveUniform(program, k);
    uniforms[name.replace("[0]", "")] = gl.getUniformLocation(program, name);
  }
  return { program, uniforms };
}

// One triangle that covers everything: a pass over all pixels of a texture.
const EVERYWHERE = `void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;

// A list of numbers as a texture, row by row; texel k lies at (k % width, k / width).
function listTexture(gl, internal, format, type, count, data = null, parts = 4) {
  const width = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE), 2 ** Math.ceil(Math.log2(Math.sqrt(Math.max(1, count)))));
  const height = Math.max(1, Math.ceil(count / width));
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
  let padded = null;
  if (data) {
    padded = new data.constructor(width * height * parts);
    padded.set(data);
  }
  gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, format, type, padded);
  return { texture, width, height, count };
}

const TEXEL = `ivec2 texel(int k, int width) { return ivec2(k % width, k / width); }\n`;

// The channels of all cells, four to a texture.
class StateTextures {
  constructor(gl, cells, channels, format = gl.RGBA32F) {
    this.gl = gl;
    this.cells = cells;
    this.channels = channels;
    this.groups = Math.ceil(channels / 4);
    this.lists = Array.from({ length: this.groups }, () => listTexture(gl, format, gl.RGBA, gl.FLOAT, cells));
    ({ width: this.width, height: this.height } = this.lists[0]);
    this.part = new Float32Array(this.width * this.height * 4);
  }

  upload(state) {
    const { gl, part, cells, channels } = this;
    this.lists.forEach(({ texture, width, height }, group) => {
      const filled = Math.min(4, channels - 4 * group);
      for (let i = 0; i < cells; i++) for (let k = 0; k < filled; k++) part[4 * i + k] = state[i * channels + 4 * group + k];
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, part);
    });
  }

  // Binds the groups to the texture units from `first` on, for the samplers `state0`, `state1`, ...
  bind(uniforms, first = 0) {
    const { gl } = this;
    this.lists.forEach(({ texture }, group) => {
      gl.activeTexture(gl.TEXTURE0 + first + group);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      if (uniforms[`state${group}`]) gl.uniform1i(uniforms[`state${group}`], first + group);
    });
    gl.activeTexture(gl.TEXTURE0 + 15); // what is bound from here on for uploads disturbs no sampler
  }

  release() {
    for (const { texture } of this.lists) this.gl.deleteTexture(texture);
  }
}
