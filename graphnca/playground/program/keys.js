// The keys: every tool, the brush moved and applied with arrows and Enter, zoom, kinds of cells.

const KEY_STEP = 1, KEY_LEAP = 5; // units that an arrow key moves the brush, and with shift the substrate
const ZOOM_STEP = 1.25;
const MIDDLE = [0.5, 0.5]; // of the picture

class Keys {
  constructor(controls) {
    this.controls = controls;
    const actions = {
      " ": () => controls.toggle(),
      ".": () => controls.stepOnce(),
      r: () => controls.reset(),
      e: () => (controls.tool = "erase"),
      s: () => (controls.tool = "plant"),
      g: () => (controls.tool = byId("give").hidden ? controls.tool : "give"),
      m: () => (controls.tool = "move"),
      "[": () => this.resizeBrush(-1),
      "]": () => this.resizeBrush(1),
      "+": () => controls.zoom(ZOOM_STEP),
      "=": () => controls.zoom(ZOOM_STEP),
      "-": () => controls.zoom(1 / ZOOM_STEP),
      0: () => controls.app.placeSubstrate(),
      p: () => controls.save(),
      Enter: () => this.useCursor(),
      ArrowLeft: (shift) => this.arrow(-1, 0, shift),
      ArrowRight: (shift) => this.arrow(1, 0, shift),
      ArrowUp: (shift) => this.arrow(0, -1, shift),
      ArrowDown: (shift) => this.arrow(0, 1, shift),
    };
    addEventListener("keydown", (event) => {
      const here = event.target === controls.canvas || event.target === document.body;
      if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target === document.body && (event.key.startsWith("Arrow") || event.key === "Enter")) return; // they scroll
      const number = Number(event.key) - 1;
      const isKind = number >= 0 && number < controls.organism.substrates.length;
      const action = isKind ? () => controls.setSubstrate(number) : actions[event.key];
      if (!action) return;
      event.preventDefault();
      action(event.shiftKey);
      controls.show();
    });
  }

  resizeBrush(by) {
    const { brushes, tool } = this.controls;
    brushes[tool] = Math.min(30, Math.max(0, brushes[tool] + by));
  }

  arrow(dx, dy, shift) {
    const { app, hand, organism } = this.controls;
    if (shift) {
      app.camera.pan(organism.substrate, dx * KEY_LEAP, dy * KEY_LEAP);
      app.redraw();
      return;
    }
    const { cursor, unit: [right, down] } = hand;
    hand.cursor = cursor ? [cursor[0] + dx * KEY_STEP * right, cursor[1] + dy * KEY_STEP * down] : [...MIDDLE];
  }

  useCursor() {
    const { hand, tool } = this.controls;
    if (tool === "move") return;
    hand.cursor ??= [...MIDDLE];
    this.controls.report(this.controls.use(hand.cursor).length);
  }
}
