// The hand on the substrate: strokes of the brush, what moves and zooms, and the ring that shows where the brush is.

class Hand {
  constructor(controls) {
    Object.assign(this, { controls, app: controls.app, canvas: byId("canvas"), ring: byId("brush-ring") });
    this.cursor = null; // where the brush is, in shares of the picture; null: nowhere
    this.pointers = new Map();
    this.listen();
  }

  get organism() {
    return this.app.organism;
  }

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

  listen() {
    const { canvas, pointers, controls } = this;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      const share = this.shareOf(event);
      pointers.set(event.pointerId, share);
      const moves = controls.tool === "move" || event.button > 0;
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
      if (controls.tool !== "erase") return;
      controls.report(controls.use(this.shareOf(event), "plant").length, "plant");
      controls.show();
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      controls.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0016)), ...this.shareOf(event));
      controls.show();
    }, { passive: false });
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.showRing();
    });
  }

  // The brush goes in a straight line to a point; a seed is planted once.
  strokeTo(to) {
    const { stroke, controls } = this, { tool } = controls;
    if (stroke.started && tool === "plant" && this.organism.rule.living) return;
    const [x, y] = stroke.at, [dx, dy] = [to[0] - x, to[1] - y], [right, down] = this.unit;
    const distance = Math.hypot(dx / right, dy / down), pace = Math.max(0.5, controls.brushes[tool] / 2);
    const parts = Math.max(1, Math.ceil(distance / pace));
    for (let k = 1; k <= parts; k++) for (const cell of controls.use([x + (dx * k) / parts, y + (dy * k) / parts])) stroke.changed.add(cell);
    stroke.at = to;
    stroke.started = true;
  }

  endStroke() {
    if (this.stroke?.started) this.controls.report(this.stroke.changed.size);
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
      this.controls.zoom(apart(after) / apart(before), ...to);
      this.controls.show();
    }
    app.redraw();
  }

  // The ring that shows where the brush is and how large.
  showRing() {
    const { ring, cursor, canvas, controls } = this, { tool } = controls;
    ring.hidden = cursor === null || tool === "move";
    if (ring.hidden) return;
    const size = 2 * Math.max(0.6, controls.brushes[tool]) * this.unit[0] * canvas.clientWidth;
    Object.assign(ring.style, {
      left: `${cursor[0] * canvas.clientWidth}px`,
      top: `${cursor[1] * canvas.clientHeight}px`,
      width: `${size}px`,
      height: `${size}px`,
    });
  }
}
