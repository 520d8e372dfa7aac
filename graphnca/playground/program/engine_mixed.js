// Several rules on one substrate: each cell runs the rule that it was given. Where nothing lives a cell takes the rule of
// the neighbour that is most alive, so that patterns of several rules grow into the same free space, and compete for it.

class MixedEngine {
  // `given`: the number of each cell's rule among `rules`; the first of those that are given is the one that is drawn.
  constructor(rules, given, substrate) {
    const used = [...new Set(given)].sort((one, two) => one - two);
    this.engines = used.map((number) => Object.assign(new CpuEngine(rules[number], substrate), { given, number }));
    const [first] = this.engines;
    Object.assign(this, { given, substrate, rule: first.rule, name: "CPU", state: first.state });
    for (const engine of this.engines) {
      engine.state = this.state;
      engine.occupied = first.occupied; // of cells that change hands
    }
  }

  // Whether cells of two rules can live side by side: with as many channels, which mean the same.
  static fit(one, other) {
    const meaning = (rule) => [rule.channels, rule.living, rule.quantised, rule.rgbScale, rule.rgbOffset, rule.aliveThreshold].join();
    return !one.quantised && meaning(one) === meaning(other);
  }

  write(state) {
    for (const engine of this.engines) engine.write(state);
    this.numLiving = this.engines[0].numLiving;
  }

  read() {
    return this.state;
  }

  setFireRate(rate) {
    for (const engine of this.engines) engine.setFireRate(rate);
  }

  setFrame(turns) {
    for (const engine of this.engines) engine.setFrame(turns);
  }

  step(key) {
    if (this.rule.living) this.adopt();
    for (const engine of this.engines) engine.compute(key);
    for (const engine of this.engines) engine.apply();
    for (const engine of this.engines) engine.judge();
    for (const engine of this.engines) engine.bury();
    this.numLiving = this.engines.reduce((sum, { numLiving }) => sum + numLiving, 0);
  }

  adopt() {
    const { given, state, substrate, rule: { channels, aliveThreshold } } = this;
    for (let i = 0; i < substrate.cells; i++) {
      if (state[i * channels + ALPHA] > aliveThreshold) continue;
      let most = aliveThreshold;
      for (const other of substrate.neighboursOf(i)) {
        const alpha = state[other * channels + ALPHA];
        if (alpha > most) [most, given[i]] = [alpha, given[other]];
      }
    }
  }
}
