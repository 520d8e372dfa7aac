// Steps on the CPU: only the cells that live and fire are computed. The network's sums are float64.

const ALPHA = 3; // the channel that is opacity and life at once
const ABREAST = 4; // hidden units whose sums run side by side: what a cell perceives is then read a quarter as often

class CpuEngine {
  constructor(rule, substrate) {
    Object.assign(this, { rule, substrate, name: "CPU" });
    this.stencil = substrate.stencilFor(rule);
    const { cells } = substrate;
    const { channels, hidden, perceived } = rule;
    this.state = new Float32Array(cells * channels);
    this.change = new Float32Array(cells * channels);
    this.mature = new Uint8Array(cells);
    this.alive = new Uint8Array(cells).fill(1);
    this.after = new Uint8Array(cells);
    this.occupied = new Uint8Array(cells).fill(1); // cells that may differ from zero
    this.active = new Uint32Array(cells);
    this.input = new Float64Array(perceived);
    this.sums = new Float64Array(rule.operators.length * channels);
    this.output = new Float64Array(channels);
    const units = ABREAST * Math.ceil(hidden / ABREAST); // those that fill up the last group never add anything
    this.w1 = new Float64Array(units * perceived);
    this.w1.set(rule.w1);
    this.b1 = new Float64Array(units);
    this.b1.set(rule.b1);
    this.w2 = new Float64Array(units * channels); // transposed: what a hidden unit adds to each channel
    for (let c = 0; c < channels; c++) for (let h = 0; h < hidden; h++) this.w2[h * channels + c] = rule.w2[c * hidden + h];
    this.turns = null;
    this.given = null;
    this.rate = rule.fireRate;
    this.numLiving = cells;
  }

  write(state) {
    this.state.set(state);
    if (this.rule.quantised) this.state.forEach((value, k) => (this.state[k] = nearest(Math.fround(value * STATE_LEVELS))));
    this.occupied.fill(1);
    this.numLiving = this.rule.living ? this.markAlive(this.state, this.alive) : this.substrate.cells;
  }

  read() {
    return this.rule.quantised ? this.state.map((value) => value * this.rule.unit) : this.state;
  }

  setFireRate(rate) {
    this.rate = rate;
  }

  // (cos, sin) of the angle by which each cell's frame is turned; null: not turned.
  setFrame(turns) {
    this.turns = turns;
  }

  step(key) {
    this.compute(key);
    this.apply();
    this.judge();
    this.bury();
  }

  // Whether a cell is this engine's: all are, unless several rules share the substrate (engine_mixed.js).
  owns(cell) {
    return this.given === null || this.given[cell] === this.number;
  }

  // What the cells that act would add.
  compute(key) {
    const { rule, substrate, state, active, alive } = this;
    const { lifeMask } = rule;
    this.before = lifeMask === "pre" || lifeMask === "pre_post";
    if (this.before) this.markAlive(state, alive);
    this.count = 0;
    for (let i = 0; i < substrate.cells; i++) {
      if (this.before && !alive[i]) continue;
      if (rule.firePer === "cell" && !this.fires(key, substrate.hashed[i])) continue;
      if (!this.owns(i)) continue;
      active[this.count++] = i;
      this.changeOf(i);
      this.keepChange(i, key);
    }
    this.wouldBeMature = lifeMask === "pre_post" ? this.matureNext(key) : null;
  }

  apply() {
    const { rule, state, change, active, occupied, count } = this;
    const { channels } = rule;
    for (let k = 0; k < count; k++) {
      const at = active[k] * channels;
      if (rule.quantised) for (let c = at; c < at + channels; c++) state[c] = nearest(state[c] + change[c]);
      else for (let c = at; c < at + channels; c++) state[c] += change[c];
      occupied[active[k]] = 1;
    }
  }

  // Which cells live after the step, in `kept`.
  judge() {
    const { rule, substrate, state, alive, after, before } = this;
    this.kept = alive;
    if (rule.lifeMask !== "post" && rule.lifeMask !== "pre_post") return;
    if (!before) alive.fill(1);
    this.markAlive(state, after, this.wouldBeMature, before ? alive : null);
    for (let i = 0; i < substrate.cells; i++) after[i] &= alive[i];
    this.kept = after;
  }

  // What does not live is zero.
  bury() {
    const { rule, substrate, state, occupied, kept } = this;
    if (!rule.living) return;
    let living = 0;
    for (let i = 0; i < substrate.cells; i++) {
      if (!this.owns(i)) continue;
      if (kept[i]) living++;
      else if (occupied[i]) {
        state.fill(0, i * rule.channels, (i + 1) * rule.channels);
        occupied[i] = 0;
      }
    }
    this.numLiving = living;
  }

  fires(key, hashed) {
    return (mix(hashed ^ key) & KEY_RANGE) < firingThreshold(this.rate);
  }

  keepChange(cell, key) {
    const { rule, change, output } = this;
    const at = cell * rule.channels;
    const each = rule.firePer === "channel";
    for (let c = 0; c < rule.channels; c++) {
      change[at + c] = each && !this.fires(key, mix(at + c)) ? 0 : output[c];
    }
  }

  // Flags the cells that are mature or have a mature neighbour; `more` are mature too, and with `among` only cells
  // flagged there are asked for their alpha. Returns how many.
  markAlive(state, flags, more = null, among = null) {
    const { rule, substrate } = this;
    const { start, neighbour, cells } = substrate;
    flags.fill(0);
    const spread = (i) => {
      flags[i] = 1;
      for (let e = start[i]; e < start[i + 1]; e++) flags[neighbour[e]] = 1;
    };
    for (let i = 0; i < cells; i++) {
      if (rule.isMature(state[i * rule.channels + ALPHA]) && (among === null || among[i])) spread(i);
    }
    if (more) for (const i of more) spread(i);
    let count = 0;
    for (let i = 0; i < cells; i++) count += flags[i];
    return count;
  }

  // Dead cells beside living ones whose alpha this step would raise above the threshold: they die again, but keep a
  // neighbour alive.
  matureNext(key) {
    const { rule, substrate, state, alive } = this;
    const { start, neighbour, cells } = substrate;
    const found = [];
    for (let i = 0; i < cells; i++) {
      if (alive[i] || !this.owns(i)) continue;
      let beside = false;
      for (let e = start[i]; e < start[i + 1] && !beside; e++) beside = alive[neighbour[e]] === 1;
      if (!beside) continue;
      const index = rule.firePer === "cell" ? substrate.hashed[i] : mix(i * rule.channels + ALPHA);
      if (!this.fires(key, index)) continue;
      this.changeOf(i);
      if (rule.isMature(Math.fround(state[i * rule.channels + ALPHA] + this.output[ALPHA]))) found.push(i);
    }
    return found;
  }

  // What the network makes of what a cell perceives, in `output`.
  changeOf(cell) {
    this.perceive(cell);
    const { rule, input, output, w1, b1, w2 } = this;
    const { channels, perceived, b2 } = rule;
    for (let c = 0; c < channels; c++) output[c] = b2[c];
    if (rule.quantised) for (let p = 0; p < perceived; p++) input[p] = nearest(input[p]);
    for (let h = 0, first = 0; h < b1.length; h += ABREAST, first += ABREAST * perceived) {
      const second = first + perceived, third = second + perceived, fourth = third + perceived;
      let s0 = b1[h], s1 = b1[h + 1], s2 = b1[h + 2], s3 = b1[h + 3];
      for (let p = 0; p < perceived; p++) {
        const value = input[p];
        s0 += w1[first + p] * value;
        s1 += w1[second + p] * value;
        s2 += w1[third + p] * value;
        s3 += w1[fourth + p] * value;
      }
      this.addUnit(h, s0);
      this.addUnit(h + 1, s1);
      this.addUnit(h + 2, s2);
      this.addUnit(h + 3, s3);
    }
    if (rule.quantised) for (let c = 0; c < channels; c++) output[c] = nearest(Math.fround(rule.outputScale * output[c]));
  }

  // What a hidden unit adds to the channels.
  addUnit(unit, sum) {
    const { rule, output, w2 } = this;
    const value = rule.quantised ? nearest(Math.fround(rule.hiddenScale * sum), 0, MOST_HIDDEN) : sum;
    if (value > 0) for (let c = 0, at = unit * output.length; c < output.length; c++) output[c] += w2[at + c] * value;
  }

  perceive(cell) {
    const { rule, state, input, sums, stencil, turns } = this;
    const { channels, bands } = rule;
    const { start, column, weights } = stencil;
    const own = cell * channels;
    sums.fill(0);
    for (let e = start[cell]; e < start[cell + 1]; e++) {
      const other = column[e] * channels;
      for (let row = 0, at = 0; row < weights.length; row++) {
        const w = weights[row][e];
        for (let c = 0; c < channels; c++) sums[at++] += w * (state[other + c] - state[own + c]);
      }
    }
    if (turns && rule.usesGradient) {
      const cos = turns[2 * cell], sin = turns[2 * cell + 1];
      const [alongX, alongY] = rule.frame.map((row) => row * channels);
      for (let c = 0; c < channels; c++) {
        const x = sums[alongX + c], y = sums[alongY + c];
        sums[alongX + c] = cos * x - sin * y;
        sums[alongY + c] = sin * x + cos * y;
      }
    }
    let at = 0;
    for (const [first, second, gain, part] of bands) {
      const one = first * channels, two = second * channels;
      if (first === OWN) for (let c = 0; c < channels; c++) input[at + c] = state[own + c];
      else if (second === NONE) for (let c = 0; c < channels; c++) input[at + c] = gain * sums[one + c];
      else if (part === NORM) {
        for (let c = 0; c < channels; c++) {
          const x = gain * sums[one + c], y = gain * sums[two + c];
          input[at + c] = Math.sqrt(x * x + y * y + rule.normFloor);
        }
      } else {
        const guideX = sums[one + channels - 1], guideY = sums[two + channels - 1]; // of the last channel
        const size = Math.max(Math.sqrt(guideX * guideX + guideY * guideY), rule.fullSlope);
        const [x, y] = part === ALONG ? [guideX / size, guideY / size] : [-guideY / size, guideX / size];
        for (let c = 0; c < channels; c++) input[at + c] = gain * (x * sums[one + c] + y * sums[two + c]);
      }
      at += channels;
    }
  }
}
