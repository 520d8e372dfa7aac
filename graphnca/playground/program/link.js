// The settings as a link has them, and a link's settings taken over.

class Link {
  constructor(controls) {
    Object.assign(this, { controls, app: controls.app });
  }

  get organism() {
    return this.app.organism;
  }

  // The settings as a link has them; what is as it was at the start is left out.
  settings() {
    const { controls, organism, app } = this;
    const { rule, frame, substrate } = organism;
    const all = {
      rule: [rule.name, organism.rules[0].name],
      kind: [organism.kind ?? "", organism.firstKind ?? ""],
      cells: [substrate.name, organism.substrates[0].name],
      show: [app.lens.show, "pattern"],
      speed: [String(controls.speed), String(DEFAULT_SPEED)],
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
    const { controls, organism, app } = this;
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
    controls.speed = Math.round(number("speed", 0, SPEEDS.length - 1) ?? controls.speed);
    if (has("paused")) app.running = settings.get("paused") !== "1";
    if (["light", "dark"].includes(settings.get("theme"))) controls.setTheme(settings.get("theme"));
    const view = (settings.get("view") ?? "").split(",").map(Number);
    if (view.length >= 3 && view.every(Number.isFinite)) app.camera.setting = view;
    controls.show();
  }

  async share() {
    const link = `${location.href.split("#")[0]}#${this.settings()}`;
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(link);
      this.controls.say("Link copied.");
    } catch {
      this.controls.say("The link stands in the address bar.");
    }
  }
}
