// Steps on the GPU: every cell is one pixel of a set of textures, and a step is one to three passes over them.

const SPARE_UNITS = 5; // textures besides the state: life, rows, entries, weights, turns

class GpuEngine {
  // Why this browser cannot run a rule on its GPU, or null if it can.
  static obstacle(gl, rule) {
    if (!gl) return "no WebGL2";
    if (stateFormat(gl) === null) return "no float textures to draw into";
    const groups = Math.ceil(rule.channels / 4);
    const most = Math.min(gl.getParameter(gl.MAX_DRAW_BUFFERS), gl.getParameter(gl.MAX_COLOR_ATTACHMENTS));
    if (groups > most || groups + SPARE_UNITS > 15) return `${rule.channels} channels are too many`;
    return null;
  }

  constructor(rule, substrate, gl) {
    Object.assign(this, { rule, substrate, gl, name: "GPU" });
    const { cells } = substrate;
    const { channels, hidden } = rule;
    this.front = new StateTextures(gl, cells, channels, stateFormat(gl));
    this.back = new StateTextures(gl, cells, channels, stateFormat(gl));
    this.groups = this.front.groups;
    this.buffers = new Map([this.front, this.back].map((textures) => [textures, this.framebuffer(textures.lists)]));
    this.life = listTexture(gl, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, cells);
    this.lifeBuffer = this.framebuffer([this.life]);

    const { start, column, weights } = substrate.stencilFor(rule);
    const rows = new Float32Array(4 * cells), entries = new Float32Array(4 * column.length);
    for (let i = 0; i < cells; i++) {
      rows.set([start[i], substrate.start[i + 1] - substrate.start[i], start[i + 1] - start[i], 0], 4 * i);
    }
    for (let e = 0; e < column.length; e++) {
      entries.set([column[e], ...weights.map((row) => row[e])], 4 * e); // three operators at most
    }
    this.rows = listTexture(gl, gl.RGBA32F, gl.RGBA, gl.FLOAT, cells, rows);
    this.entries = listTexture(gl, gl.RGBA32F, gl.RGBA, gl.FLOAT, column.length, entries);
    this.turns = listTexture(gl, gl.RGBA32F, gl.RGBA, gl.FLOAT, rule.usesGradient ? cells : 1);
    this.weights = this.weightTexture();
    this.b2 = new Float32Array(4 * this.groups);
    this.b2.set(rule.b2);
    this.turned = false;
    this.rate = rule.fireRate;

    this.lifeProgram = linkProgram(gl, EVERYWHERE, this.lifeSource());
    this.stepProgram = linkProgram(gl, EVERYWHERE, this.stepSource());
    this.keepProgram = linkProgram(gl, EVERYWHERE, this.keepSource());
    this.hidden = hidden;
  }

  get textures() {
    return this.front;
  }

  write(state) {
    const { quantised } = this.rule;
    this.front.upload(quantised ? Float32Array.from(state, (value) => nearest(Math.fround(value * STATE_LEVELS))) : state);
    this.markLife();
  }

  read() {
    const { gl, groups, substrate, rule, front } = this;
    const state = new Float32Array(substrate.cells * rule.channels);
    const part = new Float32Array(front.width * front.height * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffers.get(front));
    for (let group = 0; group < groups; group++) {
      gl.readBuffer(gl.COLOR_ATTACHMENT0 + group);
      gl.readPixels(0, 0, front.width, front.height, gl.RGBA, gl.FLOAT, part);
      const filled = Math.min(4, rule.channels - 4 * group);
      for (let i = 0; i < substrate.cells; i++) {
        for (let k = 0; k < filled; k++) state[i * rule.channels + 4 * group + k] = part[4 * i + k] * rule.unit;
      }
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return state;
  }

  setFireRate(rate) {
    this.rate = rate;
  }

  setFrame(turns) {
    const { gl } = this;
    this.turned = turns !== null && this.rule.usesGradient;
    if (!this.turned) return;
    const { texture, width, height } = this.turns;
    const data = new Float32Array(width * height * 4);
    for (let i = 0; i < this.substrate.cells; i++) data.set([turns[2 * i], turns[2 * i + 1]], 4 * i);
    gl.activeTexture(gl.TEXTURE0 + 15);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, data);
  }

  // Cells that live, after the last step; reading them back waits for the GPU.
  get numLiving() {
    const { gl, life, substrate, rule } = this;
    if (!rule.living) return substrate.cells;
    this.markLife();
    const flags = new Uint8Array(life.width * life.height * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.lifeBuffer);
    gl.readPixels(0, 0, life.width, life.height, gl.RGBA, gl.UNSIGNED_BYTE, flags);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    let living = 0;
    for (let i = 0; i < substrate.cells; i++) if (flags[4 * i]) living++;
    return living;
  }

  step(key) {
    const { gl, rule, stepProgram } = this;
    if (rule.lifeMask === "pre" || rule.lifeMask === "pre_post") this.markLife();
    this.prepare(stepProgram, this.front);
    const { uniforms } = stepProgram;
    gl.uniform1ui(uniforms.key, key);
    gl.uniform1ui(uniforms.threshold, firingThreshold(this.rate));
    gl.uniform4fv(uniforms.b2, this.b2);
    if (uniforms.turned) gl.uniform1i(uniforms.turned, this.turned ? 1 : 0);
    this.pass(this.buffers.get(this.back));
    [this.front, this.back] = [this.back, this.front];
    if (rule.lifeMask === "post" || rule.lifeMask === "pre_post") {
      this.prepare(this.keepProgram, this.front);
      this.pass(this.buffers.get(this.back));
      [this.front, this.back] = [this.back, this.front];
    }
  }

  // Waits until everything asked for is done.
  finish() {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffers.get(this.front));
    gl.readBuffer(gl.COLOR_ATTACHMENT0);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  release() {
    const { gl } = this;
    this.front.release();
    this.back.release();
    for (const { texture } of [this.life, this.rows, this.entries, this.turns, this.weights]) gl.deleteTexture(texture);
    for (const buffer of [...this.buffers.values(), this.lifeBuffer]) gl.deleteFramebuffer(buffer);
    for (const { program } of [this.lifeProgram, this.stepProgram, this.keepProgram]) gl.deleteProgram(program);
  }

  markLife() {
    this.prepare(this.lifeProgram, this.front);
    this.pass(this.lifeBuffer);
  }

  prepare({ program, uniforms }, textures) {
    const { gl, groups } = this;
    gl.useProgram(program);
    textures.bind(uniforms);
    ["life", "rows", "entries", "weights", "turns"].forEach((name, k) => {
      if (!uniforms[name]) return;
      gl.activeTexture(gl.TEXTURE0 + groups + k);
      gl.bindTexture(gl.TEXTURE_2D, this[name].texture);
      gl.uniform1i(uniforms[name], groups + k);
    });
    gl.activeTexture(gl.TEXTURE0 + 15);
  }

  pass(buffer) {
    const { gl, front } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    gl.viewport(0, 0, front.width, front.height);
    gl.disable(gl.BLEND);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  framebuffer(lists) {
    const { gl } = this;
    const buffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    lists.forEach(({ texture }, k) => {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, texture, 0);
    });
    gl.drawBuffers(lists.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return buffer;
  }

  // Row h of the texture: the hidden unit's weights, band by band in groups of four, what it adds to each group of
  // channels, its bias.
  weightTexture() {
    const { gl, rule, groups } = this;
    const { channels, hidden, perceived, bands } = rule;
    const stride = (bands.length + 1) * groups + 1;
    const data = new Float32Array(4 * stride * hidden);
    for (let h = 0; h < hidden; h++) {
      const row = 4 * stride * h;
      bands.forEach((_, band) => {
        for (let c = 0; c < channels; c++) data[row + 4 * groups * band + c] = rule.w1[h * perceived + band * channels + c];
      });
      for (let c = 0; c < channels; c++) data[row + 4 * groups * bands.length + c] = rule.w2[c * hidden + h];
      data[row + 4 * (stride - 1)] = rule.b1[h];
    }
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, stride, hidden, 0, gl.RGBA, gl.FLOAT, data);
    return { texture };
  }

  // What all three programs know.
  get preamble() {
    const { substrate, front, entries, groups } = this;
    return `${TEXEL}
      const int CELLS = ${substrate.cells}, WIDTH = ${front.width}, ENTRY_WIDTH = ${entries.width};
      const float THRESHOLD = ${glslFloat(Math.fround(this.rule.aliveThreshold))};
      ${listed(groups, (group) => `uniform sampler2D state${group};`)}
      uniform sampler2D life, rows, entries;
      int cellHere() { return int(gl_FragCoord.y) * WIDTH + int(gl_FragCoord.x); }
      bool mature(int cell) { return !(texelFetch(state0, texel(cell, WIDTH), 0).a <= THRESHOLD); }
      bool livesAt(int cell) { return texelFetch(life, texel(cell, WIDTH), 0).r > 0.5; }
      bool matureAround(int cell) {
        if (mature(cell)) return true;
        vec4 row = texelFetch(rows, texel(cell, WIDTH), 0);
        int first = int(row.x), last = first + int(row.y);
        for (int e = first; e < last; e++) if (mature(int(texelFetch(entries, texel(e, ENTRY_WIDTH), 0).x))) return true;
        return false;
      }`;
  }

  lifeSource() {
    return `${this.preamble}
      out vec4 result;
      void main() {
        int cell = cellHere();
        result = vec4(cell < CELLS && matureAround(cell) ? 1.0 : 0.0);
      }`;
  }

  // Before and after: what is not alive is zero.
  keepSource() {
    const { groups, rule } = this;
    return `${this.preamble}
      ${outputs(groups)}
      void main() {
        int cell = cellHere();
        bool kept = cell < CELLS && ${rule.lifeMask === "pre_post" ? "livesAt(cell) && " : ""}matureAround(cell);
        ivec2 at = ivec2(gl_FragCoord.xy);
        ${listed(groups, (group) => `next${group} = kept ? texelFetch(state${group}, at, 0) : vec4(0.0);`)}
      }`;
  }

  stepSource() {
    const { rule, groups } = this;
    const { bands } = rule;
    const before = rule.lifeMask === "pre" || rule.lifeMask === "pre_post";
    const sums = rule.operators.map((_, row) => `sum${row}`);
    const [alongX, alongY] = rule.frame.map((row) => sums[row]);
    const guide = [Math.floor((rule.channels - 1) / 4), (rule.channels - 1) % 4].map((at) => `[${at}]`).join("");
    const band = ([first, second, weight, part], group) => {
      if (first === OWN) return `own[${group}]`;
      const gain = glslFloat(weight);
      const [x, y] = [first, second].map((row) => `${gain} * ${sums[row]}[${group}]`);
      if (second === NONE) return x;
      if (part === NORM) return `sqrt(${x} * ${x} + ${y} * ${y} + ${glslFloat(rule.normFloor)})`;
      const way = `steer(vec2(${sums[first]}${guide}, ${sums[second]}${guide}))`;
      return part === ALONG ? `${way}.x * ${x} + ${way}.y * ${y}` : `${way}.x * ${y} - ${way}.y * ${x}`;
    };
    const rounded = (value) => (rule.quantised ? `clamp(roundEven(${value}), ${LEAST}.0, ${MOST}.0)` : value);
    const eachFires = rule.firePer === "channel";
    return `${this.preamble}
      const int HIDDEN = ${rule.hidden}, PERCEIVED = ${bands.length * groups};
      uniform sampler2D weights, turns;
      uniform uint key, threshold;
      uniform vec4 b2[${groups}];
      ${rule.usesGradient ? "uniform int turned;" : ""}
      ${outputs(groups)}
      uint mixed(uint bits) {
        bits = (bits ^ (bits >> 16)) * 0x7feb352du;
        bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
        return bits ^ (bits >> 16);
      }
      vec2 steer(vec2 guide) { return guide / max(length(guide), ${glslFloat(rule.fullSlope)}); }
      bool fires(int index) { return (mixed(mixed(uint(index)) ^ key) & 0x7fffffffu) < threshold; }
      void main() {
        int cell = cellHere();
        ivec2 at = ivec2(gl_FragCoord.xy);
        ${listed(groups, (group) => `next${group} = vec4(0.0);`)}
        if (cell >= CELLS) return;
        vec4 row = texelFetch(rows, at, 0);
        int first = int(row.x);
        bool firing = true;
        ${before ? "firing = livesAt(cell);" : ""}
        ${rule.lifeMask === "pre" ? "if (!firing) return;" : ""}
        ${rule.lifeMask === "pre_post" ? `
        for (int e = first; e < first + int(row.y) && !firing; e++) {
          firing = livesAt(int(texelFetch(entries, texel(e, ENTRY_WIDTH), 0).x)); // may mature beside a living cell
        }` : ""}
        vec4 own[${groups}];
        ${listed(groups, (group) => `own[${group}] = texelFetch(state${group}, at, 0); next${group} = own[${group}];`)}
        ${eachFires ? "" : "firing = firing && fires(cell);"}
        if (!firing) return;
        ${sums.map((name) => `vec4 ${name}[${groups}];\n${listed(groups, (group) => `${name}[${group}] = vec4(0.0);`)}`).join("\n")}
        for (int e = first; e < first + int(row.z); e++) {
          vec4 entry = texelFetch(entries, texel(e, ENTRY_WIDTH), 0);
          ivec2 there = texel(int(entry.x), WIDTH);
          ${listed(groups, (group) => `{
            vec4 difference = texelFetch(state${group}, there, 0) - own[${group}];
            ${sums.map((name, row) => `${name}[${group}] += entry.${"yzw"[row]} * difference;`).join(" ")}
          }`)}
        }
        ${rule.usesGradient ? `
        if (turned == 1) {
          vec2 turn = texelFetch(turns, at, 0).xy;
          for (int group = 0; group < ${groups}; group++) {
            vec4 x = ${alongX}[group], y = ${alongY}[group];
            ${alongX}[group] = turn.x * x - turn.y * y;
            ${alongY}[group] = turn.y * x + turn.x * y;
          }
        }` : ""}
        vec4 perceived[PERCEIVED];
        ${bands.map((entry, k) => listed(groups, (group) => `perceived[${k * groups + group}] = ${rounded(band(entry, group))};`)).join("\n")}
        vec4 change[${groups}];
        ${listed(groups, (group) => `change[${group}] = b2[${group}];`)}
        for (int h = 0; h < HIDDEN; h++) {
          vec4 sum = vec4(0.0);
          for (int k = 0; k < PERCEIVED; k++) sum += texelFetch(weights, ivec2(k, h), 0) * perceived[k];
          float value = texelFetch(weights, ivec2(PERCEIVED + ${groups}, h), 0).x + (sum.x + sum.y + (sum.z + sum.w));
          ${rule.quantised ? `value = clamp(roundEven(${glslFloat(rule.hiddenScale)} * value), 0.0, ${MOST_HIDDEN}.0);` : ""}
          if (value > 0.0) {
            ${listed(groups, (group) => `change[${group}] += value * texelFetch(weights, ivec2(PERCEIVED + ${group}, h), 0);`)}
          }
        }
        ${rule.quantised ? listed(groups, (group) => `change[${group}] = ${rounded(`${glslFloat(rule.outputScale)} * change[${group}]`)};`) : ""}
        ${eachFires ? `
        for (int group = 0; group < ${groups}; group++) {
          for (int k = 0; k < 4; k++) {
            int channel = 4 * group + k;
            if (channel >= ${rule.channels} || !fires(cell * ${rule.channels} + channel)) change[group][k] = 0.0;
          }
        }` : ""}
        ${listed(groups, (group) => `next${group} = ${rounded(`own[${group}] + change[${group}]`)};`)}
      }`;
  }
}

const listed = (groups, line) => Array.from({ length: groups }, (_, group) => line(group)).join("\n");
const outputs = (groups) => listed(groups, (group) => `layout(location = ${group}) out vec4 next${group};`);
const glslFloat = (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`);
