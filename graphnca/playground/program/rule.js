// A rule as the engines have it: weights as float64, the bands of its perception in order.

const STATE_UNITS = 255 / 4; // an 8-bit rule counts states in units of 4 / 255 ...
const HIDDEN_UNITS = 255 / 2; // ... and hidden values in units of 2 / 255 (graphnca/layers/quantised.py)
const NORM_FLOOR = 1e-8; // inside the root of the gradient norm

class Rule {
  constructor(packed) {
    Object.assign(this, packed);
    this.bands = packed.filters.flatMap((name) => (name === "gradient" ? ["gradientX", "gradientY"] : [name]));
    this.perceived = this.bands.length * this.channels;
    this.usesGradient = packed.filters.some((name) => name.startsWith("gradient"));
    this.usesLaplacian = packed.filters.includes("laplacian");
    this.w1 = unpacked(packed.hiddenWeight, this.perceived);
    this.w2 = unpacked(packed.outputWeight, this.hidden);
    this.b1 = Float64Array.from(packed.hiddenBias ?? new Float32Array(this.hidden));
    this.b2 = Float64Array.from(packed.outputBias ?? new Float32Array(this.channels));
    this.living = this.lifeMask !== null;
    this.aliveThreshold = Math.fround(this.aliveThreshold); // states are float32, and compared as such
  }

  // What the states beneath an eraser become, and a seed's cell of a colour.
  seedCell(colour) {
    const cell = new Float32Array(this.channels).fill(1);
    if (this.living) cell.set(colour, 0);
    return cell;
  }
}

// Rows of a matrix; 8-bit rows come with a scale each.
function unpacked({ values, scale }, columns) {
  return Float64Array.from(values, (value, at) => (scale ? value * scale[Math.floor(at / columns)] : value));
}
