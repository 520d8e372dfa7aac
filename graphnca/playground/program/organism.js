// What lives: a rule on a substrate with its state, stepped by an engine; and what a hand may do to it.

const POLES = [0.25, 0.75]; // shares of the width at which the two poles of a bipolar field lie
const TRIAL = 0.2; // share of the substrate that lives while the engines are measured, about that of a grown lizard
const TRIALS = 6; // timings of each engine, of which the best counts
const HOPELESS = 3; // times the CPU's time after which the GPU is given up

class Organism {
  constructor(content, gl) {
    this.gl = gl;
    this.rules = content.rules.map((packed) => new Rule(packed));
    this.substrates = content.substrates.map((packed) => new Substrate(packed));
    this.ruleNumber = 0;
    this.substrateNumber = 0;
    this.seed = randomSeed();
    this.steps = 0;
    this.fireRate = this.rule.fireRate;
    this.frame = { turn: 0, field: "constant" };
    this.chosen = "auto";
    this.timings = new Map();
  }

  get rule() {
    return this.rules[this.ruleNumber];
  }

  get substrate() {
    return this.substrates[this.substrateNumber];
  }

  // The state that growth starts from on a substrate.
  startOf(rule, substrateNumber) {
    const state = new Float32Array(this.substrates[substrateNumber].cells * rule.channels);
    const { cells, values } = rule.seeds[substrateNumber];
    cells.forEach((cell, k) => state.set(values.subarray(k * rule.channels, (k + 1) * rule.channels), cell * rule.channels));
    return state;
  }

  reset(seed = randomSeed()) {
    this.seed = seed;
    this.steps = 0;
    this.settle(this.startOf(this.rule, this.substrateNumber));
  }

  step() {
    this.engine.step(keyOf(this.seed, this.steps));
    this.steps++;
  }

  // Puts a state into an engine made for the rule and substrate as they are.
  settle(state) {
    const { rule, substrate } = this;
    const name = this.engineName();
    const kept = this.engine?.rule === rule && this.engine.substrate === substrate && this.engine.name === name;
    if (!kept) {
      this.engine?.release?.();
      this.engine = name === "GPU" ? new GpuEngine(rule, substrate, this.gl) : new CpuEngine(rule, substrate);
    }
    this.engine.setFireRate(this.fireRate);
    this.engine.setFrame(this.turns());
    this.engine.write(state);
  }

  setRule(number) {
    this.ruleNumber = number;
    this.fireRate = this.rule.fireRate;
    this.reset();
  }

  // The state is carried over: a cell takes that of the nearest cell, both seen from the middle of their substrate.
  setSubstrate(number) {
    const { rule } = this;
    const from = this.substrate, old = this.engine.read(), to = this.substrates[number];
    const state = new Float32Array(to.cells * rule.channels);
    for (let i = 0; i < to.cells; i++) {
      const x = to.pos[2 * i] - to.width / 2, y = to.pos[2 * i + 1] - to.height / 2;
      const outside = Math.abs(x) > from.width / 2 || Math.abs(y) > from.height / 2;
      if (outside && (rule.living || !from.periodic)) continue;
      const cell = from.locator.nearest(x + from.width / 2, y + from.height / 2);
      if (cell >= 0) state.set(old.subarray(cell * rule.channels, (cell + 1) * rule.channels), i * rule.channels);
    }
    this.substrateNumber = number;
    this.settle(state);
  }

  setEngine(chosen) {
    this.chosen = chosen;
    this.settle(this.engine.read());
  }

  setFireRate(rate) {
    this.fireRate = rate;
    this.engine.setFireRate(rate);
  }

  setFrame(frame) {
    this.frame = { ...this.frame, ...frame };
    this.engine.setFrame(this.turns());
  }

  // By how much the pattern is turned in each cell, clockwise: the frame of its gradients turns the other way.
  turnAt(cell) {
    const { substrate, frame } = this;
    const turn = (frame.turn * Math.PI) / 180;
    if (frame.field === "constant") return turn;
    const x = substrate.pos[2 * cell], y = substrate.pos[2 * cell + 1];
    const middle = substrate.height / 2;
    const pole = (share) => {
      const [dx, dy] = [x - share * substrate.width, y - middle];
      const distance = Math.max(0.5, Math.hypot(dx, dy));
      return [dx / distance ** 3, dy / distance ** 3];
    };
    const away = frame.field === "polar" ? [x - substrate.width / 2, y - middle] : POLES.map(pole).reduce((one, two) => [one[0] - two[0], one[1] - two[1]]);
    return turn + Math.atan2(away[0], -away[1]); // up points away from the pole
  }

  turns() {
    const { rule, substrate, frame } = this;
    if (!rule.usesGradient || (frame.field === "constant" && frame.turn === 0)) return null;
    const turns = new Float32Array(2 * substrate.cells);
    for (let i = 0; i < substrate.cells; i++) {
      const angle = -this.turnAt(i);
      turns[2 * i] = Math.cos(angle);
      turns[2 * i + 1] = Math.sin(angle);
    }
    return turns;
  }

  // The cells under a brush; the smallest brush is the one cell under the pointer.
  under(x, y, radius) {
    const { substrate } = this;
    const nearest = substrate.locator.nearest(x, y);
    if (nearest < 0) return [];
    return [...new Set([nearest, ...(radius > 0.5 ? substrate.locator.within(x, y, radius) : [])])];
  }

  // All that was there is gone. Returns how many cells changed.
  erase(x, y, radius) {
    return this.change(this.under(x, y, radius), () => new Float32Array(this.rule.channels));
  }

  // The rule's seed about a point, each of its points as large as the brush; for a texture, noise.
  plant(x, y, radius) {
    const { rule } = this;
    if (!rule.living) {
      return this.change(this.under(x, y, radius), () => Float32Array.from({ length: rule.channels }, () => Math.random() - 0.5));
    }
    return rule.points.reduce((changed, { offset, colour }) => {
      const cell = rule.seedCell(colour);
      return changed + this.change(this.under(x + offset[0], y + offset[1], radius), () => cell);
    }, 0);
  }

  change(cells, stateOf) {
    if (!cells.length) return 0;
    const state = this.engine.read();
    for (const cell of cells) state.set(stateOf(cell), cell * this.rule.channels);
    this.engine.write(state);
    return cells.length;
  }

  // The engine to use: the one asked for if it can run, else the faster of the two, measured once for a rule.
  engineName() {
    const { rule, gl, chosen } = this;
    if (chosen === "cpu") return "CPU";
    this.obstacle = GpuEngine.obstacle(gl, rule);
    if (this.obstacle) return "CPU";
    if (chosen === "gpu") return "GPU";
    if (!this.timings.has(rule)) this.timings.set(rule, this.measure());
    const { CPU, GPU } = this.timings.get(rule);
    return GPU < CPU ? "GPU" : "CPU";
  }

  // Milliseconds of a step on each engine, on a substrate of which a part lives.
  measure() {
    const { rule, substrate, gl } = this;
    const state = new Float32Array(substrate.cells * rule.channels);
    const radius = Math.sqrt((TRIAL * substrate.width * substrate.height) / Math.PI);
    for (const cell of substrate.locator.within(substrate.width / 2, substrate.height / 2, radius)) {
      state.fill(0.5, cell * rule.channels, (cell + 1) * rule.channels);
    }
    const time = (engine, enough = Infinity) => {
      let best = Infinity;
      engine.setFireRate(rule.fireRate);
      for (let trial = 0; trial < TRIALS && (trial < 2 || best < enough); trial++) {
        engine.write(state);
        engine.finish?.();
        const start = performance.now();
        for (let k = 0; k < 2; k++) engine.step(keyOf(7, 2 * trial + k));
        engine.finish?.();
        best = Math.min(best, (performance.now() - start) / 2);
      }
      engine.release?.();
      return best;
    };
    try {
      const CPU = time(new CpuEngine(rule, substrate));
      return { CPU, GPU: time(new GpuEngine(rule, substrate, gl), HOPELESS * CPU) };
    } catch (error) {
      this.obstacle = error.message;
      return { CPU: 0, GPU: Infinity };
    }
  }
}
