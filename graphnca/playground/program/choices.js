// Which rule runs, what it grows where it can grow several things, and what is said about it.

const REGIMES = {
  naive: "Trained to show its picture after some steps, and nothing else: left alone it grows on or falls apart.",
  persistent: "Trained to stay as it is, also long after it has grown: but what is wiped away may come back wrong, or not at all.",
  regenerating: "Trained on patterns of which a part had been wiped away: it grows back.",
  hardened: "Trained on damage while it grows, and for longer: it grows back more often, and holds out longer.",
};

// One of several choices of which one holds; a picture stands above its name.
function segment(name, value, text, { title = "", picture = null } = {}) {
  const label = Object.assign(document.createElement("label"), { title });
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
  const shown = document.createElement("span");
  if (picture) shown.append(Object.assign(new Image(), { src: picture, alt: "" }));
  shown.append(Object.assign(document.createElement("span"), { textContent: text, className: "name" }));
  label.append(input, shown);
  return label;
}

// Replaces the choices of a group, but for its legend, and hides it where there is nothing to choose.
function offer(group, choices) {
  group.querySelectorAll("label").forEach((label) => label.remove());
  group.append(...choices);
  group.hidden = choices.length < 2;
}

// Marks the one that holds.
function mark(group, value) {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === String(value);
}

class Choices {
  constructor(organism) {
    this.organism = organism;
    this.addresses = new Map();
    offer(byId("rules"), organism.rules.map(({ name, picture }, k) => segment("rule", k, name, { picture: this.address(picture) })));
    offer(byId("cells"), organism.substrates.map(({ name }, k) => segment("cells", k, name)));
  }

  // Where an image finds a picture that the page carries as bytes; null if there is none.
  address(picture) {
    if (!picture) return null;
    if (!this.addresses.has(picture)) this.addresses.set(picture, URL.createObjectURL(new Blob([picture], { type: "image/png" })));
    return this.addresses.get(picture);
  }

  show() {
    const { organism } = this;
    const { rule, substrate, kind } = organism;
    if (this.ruleShown !== rule) {
      this.ruleShown = rule;
      const mixable = organism.mixable.map((number) => new Option(organism.rules[number].name, number));
      byId("brush-rule").replaceChildren(...mixable);
      byId("brush-rule-row").hidden = byId("give").hidden = mixable.length < 2;
      offer(byId("kinds"), Object.keys(rule.kinds).map((name) => segment("kind", name, name)));
    }
    this.showOriginal(this.address(kind === undefined ? rule.picture : rule.kinds[kind].picture));
    if (this.substrateShown !== substrate) {
      this.substrateShown = substrate;
      offer(byId("fields"), substrate.fields.map(([value, text, title]) => segment("field", value, text, { title })));
    }
    mark(byId("rules"), organism.ruleNumber);
    mark(byId("cells"), organism.substrateNumber);
    byId("brush-rule").value = organism.brushRule;
    mark(byId("kinds"), organism.kind);
    mark(byId("fields"), organism.field);
  }

  // What the rule was trained on, beside what it makes, and how it was trained.
  showOriginal(picture) {
    const { rule } = this.organism;
    const what = rule.living ? "What it was trained to show." : "The original that it was trained on.";
    const sentences = [picture ? what : "", REGIMES[rule.about.regime] ?? ""].filter(Boolean);
    byId("original").hidden = !sentences.length;
    byId("original-picture").hidden = !picture;
    if (picture) byId("original-picture").src = picture;
    byId("original-text").textContent = sentences.join(" ");
  }
}
