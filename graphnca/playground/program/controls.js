// What a person can do: every control of the page, the pointer on the substrate, the keys, the link.

const SPEEDS = [1, 2, 5, 10, 20, 30, 60, 120, Infinity]; // steps a second
const DEFAULT_SPEED = 6; // 60, the rate at which most screens draw
const BRUSHES = { erase: 6, plant: 0, give: 6, move: 6 }; // radius in units at the start; 0 is a single cell
const KEY_STEP = 1, KEY_LEAP = 5; // units that an arrow key moves the brush, and with shift the substrate
const ZOOM_STEP = 1.25;
const MIDDLE = [0.5, 0.5]; // of the picture

const byId = (id) => document.getElementById(id);
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

class Controls {
  constructor(app) {
    this.app = app;
    this.canvas = byId("canvas");
    this.ring = byId("brush-ring");
    this.tool = "erase";
    this.brushes = { ...BRUSHES };
    this.speed = DEFAULT_SPEED;
    this.cursor = null; // where the brush is, in shares of the picture; null: nowhere
    this.pointers = new Map();
    this.choices = new Choices(app.organism);
    byId("share").hidden = location.protocol === "about:"; // in a notebook there is no address to share
    this.listen();
    this.listenToPointers();
    this.listenToKeys();
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
    this.showRing();
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
    on("share", "click", () => this.share());
    on("theme", "click", () => this.setTheme(isDark() ? "light" : "dark"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.recolour());
    addEventListener("hashchange", () => this.apply(new URLSearchParams(location.hash.slice(1))));
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
    const place = this.placeOf(share), radius = this.brushes[tool];
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

  // -- the pointer ----------------------------------------------------------------------------------------------------

  shareOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  placeOf(share) {
    const { width, height } = this.canvas;
    return this.app.camera.place(this.organism.substrate, width, height, ...share);
  }

  // Shares of the picture's width and height that a unit takes.
  get unit() {
    const { width, height } = this.canvas;
    const scale = this.app.camera.scale(this.organism.substrate, width, height);
    return [scale / width, scale / height];
  }

  listenToPointers() {
    const { canvas, pointers, app } = this;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      const share = this.shareOf(event);
      pointers.set(event.pointerId, share);
      const moves = this.tool === "move" || event.button > 0;
      if (pointers.size === 1 && !moves) {
        this.stroke = { at: share, changed: new Set(), kind: event.pointerType, started: false };
        if (event.pointerType !== "touch") this.strokeTo(this.stroke.at);
      } else this.endStroke();
    });
    canvas.addEventListener("pointermove", (event) => {
      const share = this.shareOf(event);
      this.cursor = event.pointerType === "touch" && !pointers.size ? null : share;
      if (pointers.has(event.pointerId)) {
        const before = new Map(pointers);
        pointers.set(event.pointerId, share);
        if (this.stroke) this.strokeTo(share);
        else this.gesture([...before.values()], [...pointers.values()]);
      }
      this.showRing();
    });
    const end = (event) => {
      if (this.stroke && !this.stroke.started && event.type === "pointerup") this.strokeTo(this.stroke.at);
      pointers.delete(event.pointerId);
      this.endStroke();
      if (event.pointerType === "touch") this.cursor = null;
      this.showRing();
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => {
      if (!pointers.size) this.cursor = null;
      this.showRing();
    });
    canvas.addEventListener("dblclick", (event) => {
      if (this.tool !== "erase") return;
      this.report(this.use(this.shareOf(event), "plant").length, "plant");
      this.show();
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0016)), ...this.shareOf(event));
      this.show();
    }, { passive: false });
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.showRing();
    });
  }

  // The brush goes in a straight line to a point; a seed is planted once.
  strokeTo(to) {
    const { stroke, tool } = this;
    if (stroke.started && tool === "plant" && this.organism.rule.living) return;
    const [x, y] = stroke.at, [dx, dy] = [to[0] - x, to[1] - y], [right, down] = this.unit;
    const distance = Math.hypot(dx / right, dy / down), pace = Math.max(0.5, this.brushes[tool] / 2);
    const parts = Math.max(1, Math.ceil(distance / pace));
    for (let k = 1; k <= parts; k++) for (const cell of this.use([x + (dx * k) / parts, y + (dy * k) / parts])) stroke.changed.add(cell);
    stroke.at = to;
    stroke.started = true;
  }

  endStroke() {
    if (this.stroke?.started) this.report(this.stroke.changed.size);
    this.stroke = null;
  }

  // One pointer moves the substrate; two move and zoom it.
  gesture(before, after) {
    const { app } = this;
    const middle = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    const [from, to] = [middle(before), middle(after)], [right, down] = this.unit;
    app.camera.pan(this.organism.substrate, (from[0] - to[0]) / right, (from[1] - to[1]) / down);
    if (after.length > 1) {
      const apart = (points) => Math.max(1e-3, Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]));
      this.zoom(apart(after) / apart(before), ...to);
      this.show();
    }
    app.redraw();
  }

  // The ring that shows where the brush is and how large.
  showRing() {
    const { ring, cursor, canvas, tool } = this;
    ring.hidden = cursor === null || tool === "move";
    if (ring.hidden) return;
    const size = 2 * Math.max(0.6, this.brushes[tool]) * this.unit[0] * canvas.clientWidth;
    Object.assign(ring.style, {
      left: `${cursor[0] * canvas.clientWidth}px`,
      top: `${cursor[1] * canvas.clientHeight}px`,
      width: `${size}px`,
      height: `${size}px`,
    });
  }

  // -- the keys -------------------------------------------------------------------------------------------------------

  listenToKeys() {
    const actions = {
      " ": () => this.toggle(),
      ".": () => this.stepOnce(),
      r: () => this.reset(),
      e: () => (this.tool = "erase"),
      s: () => (this.tool = "plant"),
      g: () => (this.tool = byId("give").hidden ? this.tool : "give"),
      m: () => (this.tool = "move"),
      "[": () => this.resizeBrush(-1),
      "]": () => this.resizeBrush(1),
      "+": () => this.zoom(ZOOM_STEP),
      "=": () => this.zoom(ZOOM_STEP),
      "-": () => this.zoom(1 / ZOOM_STEP),
      0: () => this.app.placeSubstrate(),
      p: () => this.save(),
      Enter: () => this.useCursor(),
      ArrowLeft: (shift) => this.arrow(-1, 0, shift),
      ArrowRight: (shift) => this.arrow(1, 0, shift),
      ArrowUp: (shift) => this.arrow(0, -1, shift),
      ArrowDown: (shift) => this.arrow(0, 1, shift),
    };
    addEventListener("keydown", (event) => {
      const here = event.target === this.canvas || event.target === document.body;
      if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target === document.body && (event.key.startsWith("Arrow") || event.key === "Enter")) return; // they scroll
      const number = Number(event.key) - 1;
      const action = number >= 0 && number < this.organism.substrates.length ? () => this.setSubstrate(number) : actions[event.key];
      if (!action) return;
      event.preventDefault();
      action(event.shiftKey);
      this.show();
    });
  }

  resizeBrush(by) {
    this.brushes[this.tool] = Math.min(30, Math.max(0, this.brushes[this.tool] + by));
  }

  arrow(dx, dy, shift) {
    const { app } = this;
    const { substrate } = this.organism;
    if (shift) {
      app.camera.pan(substrate, dx * KEY_LEAP, dy * KEY_LEAP);
      app.redraw();
      return;
    }
    const [right, down] = this.unit;
    this.cursor = this.cursor ? [this.cursor[0] + dx * KEY_STEP * right, this.cursor[1] + dy * KEY_STEP * down] : [...MIDDLE];
  }

  useCursor() {
    if (this.tool === "move") return;
    this.cursor ??= [...MIDDLE];
    this.report(this.use(this.cursor).length);
  }

  // -- pictures and links ---------------------------------------------------------------------------------------------

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

  // The settings as a link has them; what is as it was at the start is left out.
  settings() {
    const { organism, app } = this;
    const { rule, frame, substrate } = organism;
    const all = {
      rule: [rule.name, organism.rules[0].name],
      kind: [organism.kind ?? "", organism.firstKind ?? ""],
      cells: [substrate.name, organism.substrates[0].name],
      show: [app.lens.show, "pattern"],
      speed: [String(this.speed), String(DEFAULT_SPEED)],
      rate: [String(organism.fireRate), String(rule.fireRate)],
      turn: [String(frame.turn), "0"],
      field: [organism.field, "constant"],
      engine: [organism.chosen, "auto"],
      theme: [document.documentElement.dataset.theme ?? "", ""],
      view: [app.camera.setting.map((value) => value.toFixed(2)).join(","), app.wholeView],
      seed: [String(organism.seed), ""],
      paused: [app.running ? "" : "1", ""],
    };
    return new URLSearchParams(Object.entries(all).filter(([, [now, start]]) => now !== start).map(([key, [now]]) => [key, now]));
  }

  // Takes settings over from a link; what it does not know or does not hold is left as it is.
  apply(settings) {
    const { organism, app } = this;
    const has = (key) => settings.has(key);
    const number = (key, low, high) => {
      const value = Number(settings.get(key));
      return has(key) && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : null;
    };
    const rule = organism.rules.findIndex(({ name }) => name === settings.get("rule"));
    if (rule >= 0) organism.ruleNumber = organism.brushRule = rule;
    organism.kind = organism.rule.kinds[settings.get("kind")] ? settings.get("kind") : organism.firstKind;
    const substrate = organism.substrates.findIndex(({ name }) => name === settings.get("cells"));
    if (substrate >= 0) organism.substrateNumber = substrate;
    if (["auto", "cpu", "gpu"].includes(settings.get("engine"))) organism.chosen = settings.get("engine");
    organism.fireRate = number("rate", 0.01, 1) ?? organism.rule.fireRate;
    organism.frame.turn = number("turn", -180, 180) ?? organism.frame.turn;
    const { fields } = organism.substrate;
    if (fields.some(([name]) => name === settings.get("field"))) organism.frame.field = settings.get("field");
    organism.reset(number("seed", 0, KEY_RANGE - 1) ?? undefined);
    app.placeSubstrate();
    const shown = settings.get("show");
    app.setShow(shown === "hidden" || (shown !== null && Number(shown) < organism.rule.channels) ? shown : "pattern");
    this.speed = Math.round(number("speed", 0, SPEEDS.length - 1) ?? this.speed);
    if (has("paused")) app.running = settings.get("paused") !== "1";
    if (["light", "dark"].includes(settings.get("theme"))) this.setTheme(settings.get("theme"));
    const view = (settings.get("view") ?? "").split(",").map(Number);
    if (view.length >= 3 && view.every(Number.isFinite)) app.camera.setting = view;
    this.show();
  }

  async share() {
    const link = `${location.href.split("#")[0]}#${this.settings()}`;
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(link);
      this.say("Link copied.");
    } catch {
      this.say("The link stands in the address bar.");
    }
  }
}

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
