// What the page and a notebook that shows it say to each other: states, in messages of the window (graphnca/playground/
// notebook.py). Nothing is said until the notebook has asked.

const TELL_EVERY = 500; // milliseconds between two states that the notebook is told

class Notebook {
  constructor(app) {
    this.app = app;
    addEventListener("message", ({ source, data }) => {
      if (parent === self || source !== parent || data?.to !== "playground") return;
      if (data.state) this.take(new Float32Array(data.state));
      if (!this.follows) setInterval(() => this.tell(), TELL_EVERY);
      this.follows = true;
      this.tell();
    });
    if (parent !== self) parent.postMessage({ from: "playground" }, "*"); // it listens
  }

  // A state from the notebook, if it is one of the rule on the substrate.
  take(state) {
    const { organism, controls } = this.app;
    if (state.length !== organism.substrate.cells * organism.rule.channels) return;
    organism.settle(state);
    this.app.changed();
    controls.say("A state from the notebook.");
  }

  // The state, where it is another one than was told last.
  tell() {
    const { organism } = this.app;
    const state = Float32Array.from(organism.engine.read());
    const told = [organism.ruleNumber, organism.substrateNumber, organism.steps];
    if (this.told && String(told) === String(this.toldOf) && state.every((value, k) => value === this.told[k])) return;
    Object.assign(this, { told: state, toldOf: told });
    const { steps, rule: { channels } } = organism;
    parent.postMessage({ from: "playground", steps, channels, state: state.slice().buffer }, "*");
  }
}
