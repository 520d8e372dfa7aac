// What colour a state has: the pattern, one channel on a diverging map, or the hidden channels' principal components.

// Blue, the paper, red-brown for values -1 .. 1; blue against orange also holds for the colour-blind.
const DIVERGING = [[23, 58, 102], [54, 114, 170], [139, 184, 216], null, [240, 178, 124], [205, 102, 56], [120, 36, 28]];
const MODES = { pattern: 0, linear: 1, channel: 2 };
const SPREAD = 2.5; // standard deviations of a principal component between grey and the full colour
const STILL = 0.1; // share of a new analysis in the colours shown, so that they drift and do not jump

// Turns a state into colours: rows (three, of C weights) and a shift for the linear modes.
class Lens {
  constructor(rule, show) {
    const { channels, rgbScale, rgbOffset } = rule;
    this.rule = rule;
    this.show = show;
    this.rows = [0, 1, 2].map(() => new Float32Array(4 * Math.ceil(channels / 4)));
    this.shift = [0, 0, 0];
    this.mode = MODES.pattern;
    if (show === "hidden") {
      this.mode = MODES.linear;
      this.basis = null;
    } else if (show !== "pattern") {
      this.mode = MODES.channel;
      this.rows[0][Math.min(channels - 1, Number(show))] = 1;
    } else if (rgbOffset !== null) {
      this.mode = MODES.linear;
      this.shift = [rgbOffset, rgbOffset, rgbOffset];
      for (let k = 0; k < 3; k++) this.rows[k][Math.min(k, channels - 1)] = rgbScale;
    }
  }

  // Looks at a state anew; only the principal components depend on it.
  look(state) {
    if (this.show !== "hidden") return;
    const { channels, living } = this.rule;
    const first = Math.min(living ? 4 : 3, channels - 1);
    const { mean, vectors, values } = principal(state, channels, first, living);
    const fresh = vectors.slice(0, 3).map((vector, k) => {
      const gain = 1 / (2 * SPREAD * Math.sqrt(Math.max(values[k], 1e-6)));
      return vector.map((entry) => entry * gain);
    });
    if (this.basis) {
      fresh.forEach((row, k) => {
        const along = row.reduce((sum, entry, c) => sum + entry * this.basis[k][c], 0);
        fresh[k] = row.map((entry, c) => (1 - STILL) * this.basis[k][c] + STILL * (along < 0 ? -entry : entry));
      });
      this.mean = this.mean.map((entry, c) => (1 - STILL) * entry + STILL * mean[c]);
    } else this.mean = mean;
    this.basis = fresh;
    fresh.forEach((row, k) => {
      this.rows[k].fill(0);
      this.rows[k].set(row, first);
      this.shift[k] = 0.5 - row.reduce((sum, entry, c) => sum + entry * this.mean[c], 0);
    });
  }

  stops(paper) {
    return DIVERGING.map((stop) => stop ?? paper);
  }

  // The colour of one cell as [red, green, blue] in 0..255, for where there is no GPU. The shader in view.js agrees.
  colourOf(state, cell, paper) {
    const { channels, living } = this.rule;
    const at = cell * channels;
    const linear = (k) => {
      let sum = this.shift[k];
      for (let c = 0; c < channels; c++) sum += this.rows[k][c] * state[at + c];
      return sum;
    };
    if (this.mode === MODES.channel) {
      const place = (Math.min(1, Math.max(-1, linear(0))) + 1) * 3;
      const lower = Math.min(5, Math.floor(place)), share = place - lower;
      const stops = this.stops(paper);
      return [0, 1, 2].map((k) => (1 - share) * stops[lower][k] + share * stops[lower + 1][k]);
    }
    if (this.mode === MODES.pattern) {
      const clear = 1 - Math.min(1, Math.max(0, state[at + 3]));
      return [0, 1, 2].map((k) => Math.min(255, Math.max(0, 255 * state[at + k] + clear * paper[k])));
    }
    const opacity = living ? Math.min(1, Math.max(0, 4 * state[at + 3])) : 1;
    return [0, 1, 2].map((k) => opacity * 255 * Math.min(1, Math.max(0, linear(k))) + (1 - opacity) * paper[k]);
  }
}

// Mean and principal axes of the channels from `first` on, over the cells that live (all of them without life).
function principal(state, channels, first, living) {
  const size = channels - first, cells = state.length / channels;
  const mean = new Array(size).fill(0), covariance = Array.from({ length: size }, () => new Array(size).fill(0));
  let count = 0;
  const each = (visit) => {
    for (let i = 0; i < cells; i++) {
      if (living && !(state[i * channels + 3] > 0.1)) continue;
      visit(i * channels + first);
    }
  };
  each((at) => {
    count++;
    for (let a = 0; a < size; a++) mean[a] += state[at + a];
  });
  for (let a = 0; a < size; a++) mean[a] /= Math.max(1, count);
  each((at) => {
    for (let a = 0; a < size; a++) {
      const one = state[at + a] - mean[a];
      for (let b = a; b < size; b++) covariance[a][b] += one * (state[at + b] - mean[b]);
    }
  });
  for (let a = 0; a < size; a++) {
    for (let b = a; b < size; b++) covariance[a][b] = covariance[b][a] = covariance[a][b] / Math.max(1, count);
  }
  const { values, vectors } = eigen(covariance);
  while (vectors.length < 3) {
    vectors.push(new Array(size).fill(0));
    values.push(1);
  }
  return { mean, values, vectors };
}

// Eigenvalues, largest first, and eigenvectors of a symmetric matrix (Jacobi rotations).
function eigen(matrix) {
  const size = matrix.length;
  const a = matrix.map((row) => row.map((value) => (Number.isFinite(value) ? value : 0)));
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0))); // rows are vectors
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        off += a[p][q] ** 2;
        if (Math.abs(a[p][q]) < 1e-15) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const cos = 1 / Math.hypot(t, 1), sin = t * cos;
        for (let k = 0; k < size; k++) {
          const [kp, kq] = [a[k][p], a[k][q]];
          a[k][p] = cos * kp - sin * kq;
          a[k][q] = sin * kp + cos * kq;
        }
        for (let k = 0; k < size; k++) {
          const [pk, qk] = [a[p][k], a[q][k]];
          a[p][k] = cos * pk - sin * qk;
          a[q][k] = sin * pk + cos * qk;
          const [vp, vq] = [v[p][k], v[q][k]];
          v[p][k] = cos * vp - sin * vq;
          v[q][k] = sin * vp + cos * vq;
        }
      }
    }
    if (off < 1e-18) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v[i]) };
}
