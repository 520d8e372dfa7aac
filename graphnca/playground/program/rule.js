// A rule as the engines have it: weights as float64, the bands of its perception in order (graphnca/filters.py).

const STATE_LEVELS = 255 / 4; // an 8-bit rule counts states in levels of 4 / 255 ...
const HIDDEN_LEVELS = 255 / 2; // ... and hidden values in levels of 2 / 255 (graphnca/layers/arithmetic/eight_bit.py)
const OWN = -1, NONE = -1; // in a band [first, second, gain, part]: the cell's own state; no vector of two
const NORM = 0, ALONG = 1; // parts of a vector: its size, what is along the guide, and else what is across it

class Rule {
  constructor(packed) {
    Object.assign(this, packed);
    this.perceived = this.bands.length * this.channels;
    this.frame = ["along_x", "along_y"].map((name) => packed.operators.indexOf(name)); // what a turned frame mixes
    this.usesGradient = this.frame[0] >= 0;
    this.quantised = packed.layers !== undefined;
    if (this.quantised) {
      // whole numbers: states and changes in levels of 4 / 255, hidden values in levels of 2 / 255
      const [first, second] = packed.layers;
      this.w1 = fromBytes(first.weight);
      this.w2 = fromBytes(second.weight);
      this.b1 = fromBytes(first.bias, this.hidden).map((value) => value * STATE_LEVELS);
      this.b2 = fromBytes(second.bias, this.channels).map((value) => value * HIDDEN_LEVELS);
      this.hiddenScale = Math.fround(first.step * (HIDDEN_LEVELS / STATE_LEVELS));
      this.outputScale = Math.fround(second.step * (STATE_LEVELS / HIDDEN_LEVELS));
    } else {
      this.w1 = unpacked(packed.hiddenWeight, this.perceived);
      this.w2 = unpacked(packed.outputWeight, this.hidden);
      this.b1 = Float64Array.from(packed.hiddenBias ?? new Float32Array(this.hidden));
      this.b2 = Float64Array.from(packed.outputBias ?? new Float32Array(this.channels));
    }
    this.unit = this.quantised ? 1 / STATE_LEVELS : 1; // what 1 in an engine's state stands for
    this.living = this.lifeMask !== null;
    const threshold = Math.fround(packed.aliveThreshold); // states are float32, and compared as such
    this.aliveThreshold = this.quantised ? threshold * STATE_LEVELS : threshold;
  }

  // Whether an alpha keeps its cell and its neighbours alive; what is no number does, so that divergence stays to be seen.
  isMature(alpha) {
    return !(alpha <= this.aliveThreshold);
  }

  // A seed's cell of a colour, with what its hidden channels hold where it is not 1.
  seedCell(colour, genome) {
    const cell = new Float32Array(this.channels).fill(1);
    if (genome) cell.set(genome, ALPHA + 1);
    if (this.living) cell.set(colour, 0);
    return cell;
  }
}

// Levels of 8-bit weights: a byte b stands for b - 127; a bias that is not there is 0.
const ZERO_BYTE = 127;
const fromBytes = (bytes, count = 0) => (bytes ? Float64Array.from(bytes, (value) => value - ZERO_BYTE) : new Float64Array(count));

// The nearest whole number, ties to even, within limits. (Adding 1.5 * 2^52 leaves no room for a fraction.)
const LEAST = -127, MOST = 128, MOST_HIDDEN = 255;
const nearest = (value, least = LEAST, most = MOST) => Math.min(most, Math.max(least, value + 6755399441055744 - 6755399441055744));

// Rows of a matrix; those of 8 bits in a float rule come with a scale each.
function unpacked({ values, scale }, columns) {
  return Float64Array.from(values, (value, at) => (scale ? value * scale[Math.floor(at / columns)] : value));
}
