// Puts everything together and keeps time.

const BUDGET = 24; // milliseconds of a frame that steps may take; the rest is for drawing and for the hand
const MOST_PIXELS = 1600; // on a side of the picture; without WebGL2 fewer
const MOST_PIXELS_2D = 900;
const SLOW_PICTURE = 12; // milliseconds that WebGL2 may take to draw; above it a plain canvas is faster
const LOOK_EVERY = 12; // frames between two looks at the hidden channels
const COUNT_EVERY = 400; // milliseconds between two readings of the counter
const REMEMBER_EVERY = 3000; // milliseconds between two states that are remembered, should the GPU be lost
const GPU_AT_ONCE = 8; // steps given to the GPU at once before the clock is looked at

class App {
  constructor(content) {
    this.canvas = byId("canvas");
    const wanted = new URLSearchParams(location.hash.slice(1)).get("draw");
    const inSpace = content.substrates.some(({ normal }) => normal);
    this.gl = wanted === "canvas" ? null : openGl(this.canvas, inSpace);
    this.organism = new Organism(content, this.gl);
    this.titledByRule = content.titledByRule;
    if (this.gl && wanted !== "webgl" && (isSoftware(this.gl) || pictureTime(this.gl, this.canvas) > SLOW_PICTURE)) {
      // a canvas is either kind for good: the engine keeps this one, the picture gets another
      const other = this.canvas.cloneNode(false);
      this.canvas.replaceWith(other);
      this.canvas = other;
      this.view = new PixelView(other);
    } else this.view = this.gl ? new GlView(this.gl, this.canvas) : new PixelView(this.canvas);
    this.camera = cameraFor(this.organism.substrate);
    this.lens = new Lens(this.organism.rule, "pattern");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.running = !still;
    this.owed = 0;
    this.frames = 0;
    this.recent = { steps: 0, since: performance.now(), rate: 0 };
    this.controls = new Controls(this);
    this.recolour();
    const settings = new URLSearchParams(content.settings);
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) settings.set(key, value);
    this.controls.link.apply(settings);
    if (still && !this.running) this.controls.say("Paused, as your system asks for less motion.");
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.resize();
    if (this.gl) this.listenToGl();
    requestAnimationFrame((now) => this.frame(now));
  }

  // The browser may take the GPU away (a driver restarts, a phone sleeps) and give it back.
  listenToGl() {
    const { canvas } = this.gl; // the engine's, if the picture has another
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // then it comes back
      this.organism.leaveGpu();
      this.controls.say("The graphics processor was lost; waiting for it.");
    });
    canvas.addEventListener("webglcontextrestored", () => {
      prepared(this.gl);
      if (this.view instanceof GlView) {
        this.view = new GlView(this.gl, this.canvas);
        this.view.setSubstrate(this.organism.substrate);
      }
      this.organism.returnToGpu();
      this.controls.say("The graphics processor is back.");
      this.controls.show();
      this.changed();
    });
  }

  resize() {
    const { canvas } = this;
    const most = this.view instanceof GlView ? MOST_PIXELS : MOST_PIXELS_2D;
    const ratio = Math.min(devicePixelRatio || 1, most / Math.max(1, canvas.clientWidth));
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio)), height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.redraw();
  }

  recolour() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim().match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16));
    this.colours = { paper: colour("--paper"), ink: colour("--ink") };
    this.redraw();
  }

  setShow(show) {
    this.lens = new Lens(this.organism.rule, show);
    this.changed();
  }

  // The substrate is another: it is drawn whole.
  placeSubstrate() {
    const { organism, view } = this;
    if (view.substrate !== organism.substrate) {
      view.setSubstrate(organism.substrate);
      this.camera = cameraFor(organism.substrate);
    }
    this.camera.fit(organism.substrate, organism.seedCell);
    this.wholeView = this.camera.setting.map((value) => value.toFixed(2)).join(","); // as links have it
    this.changed();
  }

  changed() {
    this.lookAgain = true;
    this.redraw();
  }

  redraw() {
    this.stale = true;
  }

  frame(now) {
    const passed = Math.min(100, now - (this.before ?? now));
    this.before = now;
    if (this.running) this.advance(passed);
    if (this.stale) this.draw();
    this.count(now);
    requestAnimationFrame((next) => this.frame(next));
  }

  // As many steps as are due, and as fit into the frame.
  advance(passed) {
    const { organism, controls } = this;
    const { engine } = organism;
    const speed = controls.stepsPerSecond;
    this.owed = speed === Infinity ? Infinity : Math.min(this.owed + (passed * speed) / 1000, 1 + speed / 10);
    const end = performance.now() + BUDGET;
    let done = 0;
    while (this.owed >= 1 && performance.now() < end) {
      organism.step();
      this.owed -= 1;
      done++;
      if (engine.finish && done % GPU_AT_ONCE === 0) engine.finish(); // so that the clock means something
    }
    if (this.owed === Infinity) this.owed = 0;
    if (done) {
      this.recent.steps += done;
      this.redraw();
    }
  }

  draw() {
    const { organism, lens, view, camera } = this;
    if (organism.lost && view instanceof GlView) return;
    if (lens.show === "hidden" && (this.lookAgain || this.frames % LOOK_EVERY === 0)) lens.look(organism.engine.read());
    view.draw(organism.engine, lens, camera, this.colours);
    this.frames++;
    this.firstPicture ??= performance.now(); // milliseconds after the page was asked for
    this.lookAgain = false;
    this.stale = false;
  }

  count(now) {
    const { recent, organism } = this;
    if (now - recent.since < COUNT_EVERY) return;
    if (now - (this.rememberedAt ?? 0) > REMEMBER_EVERY) {
      this.rememberedAt = now;
      organism.remember();
    }
    recent.rate = (1000 * recent.steps) / (now - recent.since);
    Object.assign(recent, { steps: 0, since: now });
    const { numLiving } = organism;
    if (organism.rule.living && (numLiving === 0) !== byId("hint").classList.contains("urgent")) this.controls.showHint();
    const living = organism.rule.living ? `${plural(numLiving, "living cell")} · ` : "";
    byId("counter").textContent = `Step ${organism.steps.toLocaleString("en")} · ${living}${Math.round(recent.rate)} steps a second`;
  }
}

// Milliseconds that WebGL2 takes for a picture: a few thousand triangles over all of a canvas. What follows the first,
// which may have to be compiled, counts.
function pictureTime(gl, canvas) {
  Object.assign(canvas, { width: 600, height: 600 });
  const { program } = linkProgram(
    gl,
    `void main() {
      int k = gl_VertexID / 3, corner = gl_VertexID % 3;
      vec2 at = vec2(k % 64, k / 64) / 32.0 - 1.0;
      gl_Position = vec4(at + vec2(corner == 1 ? 0.06 : 0.0, corner == 2 ? 0.06 : 0.0), 0.0, 1.0);
    }`,
    "out vec4 result; void main() { result = vec4(0.0); }",
  );
  gl.useProgram(program);
  gl.bindVertexArray(null);
  gl.viewport(0, 0, 600, 600);
  let best = Infinity;
  for (let trial = 0; trial < 3; trial++) {
    const start = performance.now();
    gl.drawArrays(gl.TRIANGLES, 0, 3 * 64 * 64);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    best = Math.min(best, performance.now() - start);
  }
  gl.deleteProgram(program);
  return best;
}

// What scripts and tests may do with the page: `await playground`, then `app` and `run`.
globalThis.playground = (async () => {
  try {
    const content = await readContainer(byId("payload").textContent);
    const app = new App(content);
    new Notebook(app);
    return { app, run: (options) => run(app, options) };
  } catch (error) {
    byId("message").hidden = false;
    byId("message").textContent = `This page could not start: ${error.message}`;
    throw error;
  }
})();

// Steps a state with given keys, aside from what the page shows: the state after them, as plain numbers.
function run(app, { engine, rule = 0, substrate = 0, state, keys, fireRate, angle = null }) {
  const { organism, gl } = app;
  const made = engine === "gpu" ? new GpuEngine(organism.rules[rule], organism.substrates[substrate], gl) : new CpuEngine(organism.rules[rule], organism.substrates[substrate]);
  if (fireRate !== undefined) made.setFireRate(fireRate);
  if (angle !== null) {
    const turns = new Float32Array(2 * made.substrate.cells);
    for (let i = 0; i < made.substrate.cells; i++) turns.set([Math.cos(angle), Math.sin(angle)], 2 * i);
    made.setFrame(turns);
  }
  made.write(Float32Array.from(state));
  const start = performance.now();
  for (const key of keys) made.step(key);
  made.finish?.();
  const milliseconds = performance.now() - start;
  const result = { state: Array.from(made.read()), milliseconds, living: made.numLiving };
  made.release?.();
  return result;
}
