// What a person can do: every control of the page. The pointer, the keys and links have files of their own.

const SPEEDS = [1, 2, 5, 10, 20, 30, 60, 120, Infinity]; // steps a second
const DEFAULT_SPEED = 6; // 60, the rate at which most screens draw
const BRUSHES = { erase: 6, plant: 0, give: 6, move: 6 }; // radius in units at the start; 0 is a single cell

const byId = (id) => document.getElementById(id);
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

class Controls {
  constructor(app) {
    this.app = app;
    this.canvas = byId("canvas");
    this.tool = "erase";
    this.brushes = { ...BRUSHES };
    this.speed = DEFAULT_SPEED;
    this.choices = new Choices(app.organism);
    byId("share").hidden = location.protocol === "about:"; // in a notebook there is no address to share
    this.hand = new Hand(this);
    this.keys = new Keys(this);
    this.link = new Link(this);
    this.listen();
  }

  get organism() {
    return this.app.organism;
  }

  get stepsPerSecond() {
    return SPEEDS[this.speed];
  }

  // Sets every control to what is.
  show() {
    const { organism, app } = this;
    const { rule, substrate } = organism;
    this.choices.show();
    const select = byId("show");
    const wanted = [["pattern", "Pattern"], ...(rule.channels > 4 ? [["hidden", "Hidden channels (principal components)"]] : [])];
    const names = rule.rgbOffset === null ? ["red", "green", "blue", "opacity, life"] : ["red", "green", "blue"];
    for (let c = 0; c < rule.channels; c++) wanted.push([String(c), `Channel ${c}${names[c] ? ` (${names[c]})` : ""}`]);
    select.replaceChildren(...wanted.map(([value, text]) => new Option(text, value)));
    select.value = app.lens.show;
    byId("speed").value = this.speed;
    const speed = this.stepsPerSecond;
    byId("speed-out").textContent = speed === Infinity ? "most" : `${speed}/s`;
    byId("speed").setAttribute("aria-valuetext", speed === Infinity ? "as fast as it can" : plural(speed, "step") + " a second");
    byId("rate").value = organism.fireRate;
    byId("rate-out").textContent = `${Math.round(100 * organism.fireRate)} %`;
    byId("frame-row").hidden = !rule.usesGradient;
    byId("turn").value = organism.frame.turn;
    byId("turn-out").textContent = `${organism.frame.turn}°`;
    mark(byId("tools"), this.tool);
    byId("plant-text").textContent = rule.living ? "Seed" : "Noise";
    this.canvas.classList.toggle("moves", this.tool === "move");
    byId("brush").value = this.brushes[this.tool];
    byId("brush").disabled = this.tool === "move";
    byId("brush-out").textContent = this.brushes[this.tool] <= 0.5 ? "1 cell" : plural(this.brushes[this.tool], "unit");
    byId("brush").setAttribute("aria-valuetext", this.brushes[this.tool] <= 0.5 ? "a single cell" : `radius ${this.brushes[this.tool]} units`);
    byId("zoom").value = app.camera.zoom;
    byId("zoom-out").textContent = `${app.camera.zoom.toFixed(1)}×`;
    byId("play").classList.toggle("running", app.running);
    byId("play").setAttribute("aria-label", app.running ? "Pause" : "Run");
    byId("play-text").textContent = app.running ? "Pause" : "Run";
    byId("theme").textContent = isDark() ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
    byId("engine").value = organism.chosen;
    if (app.titledByRule) byId("title").textContent = document.title = rule.name;
    byId("subtitle").textContent = `${rule.name === document.title ? "" : `${rule.name}, `}${plural(substrate.cells, "cell")}, one network of ${plural(rule.parameters, "weight")}`;
    this.canvas.setAttribute("aria-label", `${rule.name} on ${plural(substrate.cells, "cell")} (${substrate.name})`);
    this.showAbout();
    this.showHint();
    this.hand.showRing();
  }

  // What a hand can do next.
  showHint() {
    const { rule, substrate } = this.organism;
    const [twice, turning] = matchMedia("(pointer: coarse)").matches ? ["Double-tap", "Two fingers"] : ["Double-click", "The right button, or shift and the arrow keys,"];
    const empty = rule.living && this.organism.numLiving === 0;
    const wipe = rule.living ? `Wipe a part away and watch. ${twice} to plant a seed.` : `Wipe a part away and watch the texture close. ${twice} for noise.`;
    const turn = substrate instanceof Surface ? ` ${turning} turn the surface.` : "";
    byId("hint").textContent = empty ? `Nothing lives here now. ${twice} to plant a seed, or start again with Reset.` : wipe + turn;
    byId("hint").classList.toggle("urgent", empty);
  }

  showAbout() {
    const { organism, app } = this;
    const { rule } = organism;
    const entries = [
      ["rule", rule.name],
      ["perceives", rule.filters.join(", ").replace("_", " ")],
      ["network", `${rule.perceived} → ${rule.hidden} → ${rule.channels}`],
      ...Object.entries(rule.about),
    ];
    byId("about").replaceChildren(...entries.flatMap(([name, value]) => [
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]));
    const timings = organism.timings.get(rule);
    const measured = timings && Number.isFinite(timings.GPU)
      ? ` A step took ${timings.CPU.toFixed(1)} ms on the CPU and ${timings.GPU.toFixed(1)} ms on the GPU when the page was opened.`
      : "";
    const why = organism.obstacle ? ` The GPU cannot run it here: ${organism.obstacle}.` : "";
    byId("engine-note").textContent = `Runs on the ${organism.engine.name}, drawn with ${app.view.name}.${measured}${why}`;
  }

  listen() {
    const { app } = this;
    const on = (id, type, action) => byId(id).addEventListener(type, (event) => {
      action(event.target);
      this.show();
    });
    on("play", "click", () => this.toggle());
    on("step", "click", () => this.stepOnce());
    on("reset", "click", () => this.reset());
    on("rules", "change", ({ value }) => this.setRule(Number(value)));
    on("brush-rule", "change", ({ value }) => {
      this.organism.brushRule = Number(value);
      if (this.tool !== "plant") this.tool = "give";
    });
    on("kinds", "change", ({ value }) => this.setKind(value));
    on("cells", "change", ({ value }) => this.setSubstrate(Number(value)));
    on("show", "change", ({ value }) => app.setShow(value));
    on("speed", "input", ({ value }) => (this.speed = Number(value)));
    on("rate", "input", ({ value }) => this.organism.setFireRate(Number(value)));
    on("turn", "input", ({ value }) => this.organism.setFrame({ turn: Number(value) }));
    on("fields", "change", ({ value }) => this.organism.setFrame({ field: value }));
    on("tools", "change", ({ value }) => (this.tool = value));
    on("brush", "input", ({ value }) => (this.brushes[this.tool] = Number(value)));
    on("zoom", "input", ({ value }) => this.zoom(Number(value) / app.camera.zoom));
    on("engine", "change", ({ value }) => this.setEngine(value));
    on("save", "click", () => this.save());
    on("share", "click", () => this.link.share());
    on("theme", "click", () => this.setTheme(isDark() ? "light" : "dark"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.recolour());
    addEventListener("hashchange", () => this.link.apply(new URLSearchParams(location.hash.slice(1))));
  }

  toggle() {
    this.app.running = !this.app.running;
    this.say(this.app.running ? "Running." : `Paused at step ${this.organism.steps.toLocaleString("en")}.`);
  }

  stepOnce() {
    this.app.running = false;
    this.organism.step();
    this.app.changed();
    this.say(`Step ${this.organism.steps.toLocaleString("en")}.`);
  }

  reset() {
    this.organism.reset();
    this.app.changed();
    this.say("Started again.");
  }

  setRule(number) {
    this.organism.setRule(number);
    this.app.setShow("pattern");
    this.say(`${this.organism.rule.name}, from its seed.`);
  }

  setKind(name) {
    this.organism.kind = name;
    this.organism.reset();
    this.app.changed();
    this.say(`A seed of ${name}.`);
  }

  setSubstrate(number) {
    if (number === this.organism.substrateNumber) return;
    const carried = this.organism.setSubstrate(number);
    this.app.placeSubstrate();
    const { rule, substrate } = this.organism;
    this.say(carried ? `Carried over to ${substrate.name}.` : `${rule.name} on ${substrate.name}, from its seed.`);
  }

  setEngine(name) {
    this.organism.setEngine(name);
    this.say(`Runs on the ${this.organism.engine.name}.`);
  }

  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    this.app.recolour();
  }

  zoom(factor, shareX = 0.5, shareY = 0.5) {
    const { width, height } = this.canvas;
    this.app.camera.zoomAt(this.organism.substrate, width, height, shareX, shareY, factor);
    this.app.redraw();
  }

  // The cells that a tool changes at a point given in shares of the picture.
  use(share, tool = this.tool) {
    const { organism } = this;
    const place = this.hand.placeOf(share), radius = this.brushes[tool];
    if (!place) return [];
    const changed = organism[tool](place, radius);
    this.app.changed();
    return changed;
  }

  report(changed, tool = this.tool) {
    if (tool === "erase") this.say(`Erased ${plural(changed, "cell")}.`);
    else if (tool === "give") this.say(`${this.organism.rules[this.organism.brushRule].name} runs in ${plural(changed, "more cell")}.`);
    else if (this.organism.rule.living) this.say(`Planted ${plural(changed, "cell")}.`);
    else this.say(`Noise in ${plural(changed, "cell")}.`);
  }

  say(text) {
    byId("status").textContent = text;
  }

  save() {
    const { canvas, app, organism } = this;
    app.draw(); // WebGL forgets a picture once it is shown
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${organism.rule.name}-${organism.substrate.name}-${organism.steps}.png`.replace(/[^\w.-]+/g, "_");
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
    this.say("Picture saved.");
  }
}

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
