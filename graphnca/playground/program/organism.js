// What lives: a rule on a substrate with its state, stepped by an engine; and what a hand may do to it.

const TRIAL = 0.2; // share of the substrate that lives while the engines are measured, about that of a grown lizard; all without life
const TRIALS = 6; // timings of each engine, of which the best counts
const HOPELESS = 3; // times the CPU's time after which the GPU is given up

class Organism {
  constructor(content, gl) {
    this.gl = gl;
    this.rules = content.rules.map((packed) => new Rule(packed));
    this.substrates = content.substrates.map((packed) => makeSubstrate(packed));
    this.ruleNumber = 0;
    this.brushRule = 0; // the number of the rule that the brush gives
    this.given = null; // where cells run several rules, the number of each cell's
    this.kind = this.firstKind;
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

  // Of what a rule can grow, the name of the first, or undefined where it grows one thing.
  get firstKind() {
    return Object.keys(this.rule.kinds)[0];
  }

  // What the hidden channels of a seed hold, for what is to grow.
  get genome() {
    return this.rule.kinds[this.kind]?.genome;
  }

  // How many cells live, none before there is an engine.
  get numLiving() {
    return this.engine ? this.engine.numLiving : 0;
  }

  // The state that growth starts from on a substrate.
  startOf(rule, substrateNumber) {
    const state = new Float32Array(this.substrates[substrateNumber].cells * rule.channels);
    const { cells, values } = rule.seeds[substrateNumber];
    cells.forEach((cell, k) => {
      state.set(values.subarray(k * rule.channels, (k + 1) * rule.channels), cell * rule.channels);
      if (this.genome) state.set(this.genome, cell * rule.channels + ALPHA + 1);
    });
    return state;
  }

  reset(seed = randomSeed()) {
    this.seed = seed;
    this.steps = 0;
    this.given = null;
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
    if (!kept || this.given || this.engine.given) {
      this.engine?.release?.();
      if (this.given) this.engine = new MixedEngine(this.rules, this.given, substrate);
      else this.engine = name === "GPU" ? new GpuEngine(rule, substrate, this.gl) : new CpuEngine(rule, substrate);
    }
    this.engine.setFireRate(this.fireRate);
    this.engine.setFrame(this.turns());
    this.engine.write(state);
  }

  setRule(number) {
    this.ruleNumber = this.brushRule = number;
    this.kind = this.firstKind;
    this.fireRate = this.rule.fireRate;
    this.reset();
  }

  // The first cell of the seed of the rule on the substrate; undefined where it fills it.
  get seedCell() {
    return this.rule.living ? this.rule.seeds[this.substrateNumber].cells[0] : undefined;
  }

  // In the plane the state is carried over, and whether it was is returned: to a surface no state lies flat.
  setSubstrate(number) {
    const from = this.substrate, to = this.substrates[number];
    const state = from instanceof Plane && to instanceof Plane ? this.carried(from, to) : null;
    this.given = null;
    this.substrateNumber = number;
    if (state) this.settle(state);
    else this.reset();
    return state !== null;
  }

  // A cell takes the state of the nearest cell, both seen from the middle of their substrate.
  carried(from, to) {
    const { rule } = this;
    const old = this.engine.read(), state = new Float32Array(to.cells * rule.channels);
    for (let i = 0; i < to.cells; i++) {
      const x = to.pos[2 * i] - to.width / 2, y = to.pos[2 * i + 1] - to.height / 2;
      const outside = Math.abs(x) > from.width / 2 || Math.abs(y) > from.height / 2;
      if (outside && (rule.living || !from.periodic)) continue;
      const cell = from.locator.nearest(x + from.width / 2, y + from.height / 2);
      if (cell >= 0) state.set(old.subarray(cell * rule.channels, (cell + 1) * rule.channels), i * rule.channels);
    }
    return state;
  }

  setEngine(chosen) {
    this.chosen = chosen;
    this.settle(this.engine.read());
  }

  // Remembers the state, should the GPU be lost; reading it waits for the GPU.
  remember() {
    if (this.engine.name === "GPU") this.remembered = { rule: this.rule, substrate: this.substrate, state: this.engine.read() };
  }

  // The GPU is gone, and what was in it: the CPU goes on from what is remembered.
  leaveGpu() {
    this.lost = true;
    if (this.engine.name !== "GPU") return;
    const { rule, substrate, state } = this.remembered ?? {};
    this.settle(rule === this.rule && substrate === this.substrate ? state : this.startOf(this.rule, this.substrateNumber));
  }

  returnToGpu() {
    this.lost = false;
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
    return (this.frame.turn * Math.PI) / 180 + this.substrate.turnOf(this.field, cell);
  }

  // The field of frames, of those that the substrate has.
  get field() {
    const { field } = this.frame;
    return this.substrate.fields.some(([name]) => name === field) ? field : "constant";
  }

  turns() {
    const { rule, substrate, frame } = this;
    if (!rule.usesGradient || (this.field === "constant" && frame.turn === 0)) return null;
    const turns = new Float32Array(2 * substrate.cells);
    for (let i = 0; i < substrate.cells; i++) {
      const angle = -this.turnAt(i);
      turns[2 * i] = Math.cos(angle);
      turns[2 * i + 1] = Math.sin(angle);
    }
    return turns;
  }

  // All that was there is gone. Returns the cells.
  erase(place, radius) {
    return this.change(this.substrate.under(place, radius), () => new Float32Array(this.rule.channels));
  }

  // The numbers of the rules that can share the substrate with the one that runs.
  get mixable() {
    return this.rules.map((_, number) => number).filter((number) => MixedEngine.fit(this.rules[number], this.rule));
  }

  // The brush's rule for cells, whatever state they are in.
  give(place, radius) {
    const cells = this.substrate.under(place, radius);
    this.own(cells);
    this.settle(this.engine.read());
    return cells;
  }

  own(cells) {
    if (this.given === null && this.brushRule === this.ruleNumber) return;
    this.given ??= new Uint8Array(this.substrate.cells).fill(this.ruleNumber);
    for (const cell of cells) this.given[cell] = this.brushRule;
  }

  // The seed of the brush's rule about a place, each of its points as large as the brush; for a texture, noise.
  plant(place, radius) {
    const { substrate } = this;
    const rule = this.rules[this.brushRule], genome = rule === this.rule ? this.genome : undefined;
    const points = rule.living ? rule.points : [{ offset: [0, 0] }];
    return points.flatMap(({ offset, colour }) => {
      const cells = substrate.under(substrate.beside(place, ...offset), radius);
      this.own(cells);
      if (this.given) this.settle(this.engine.read());
      return this.change(cells, () => (rule.living ? rule.seedCell(colour, genome) : noise(rule.channels)));
    });
  }

  change(cells, stateOf) {
    if (!cells.length) return cells;
    const state = this.engine.read();
    for (const cell of cells) state.set(stateOf(cell), cell * this.rule.channels);
    this.engine.write(state);
    return cells;
  }

  // The engine to use: the one asked for if it can run, else the faster of the two, measured once for a rule.
  engineName() {
    const { rule, gl, chosen } = this;
    if (chosen === "cpu" || this.lost || this.given) return "CPU";
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
    for (const cell of substrate.patch(rule.living ? TRIAL : 1)) {
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

const noise = (channels) => Float32Array.from({ length: channels }, () => Math.random() - 0.5);
