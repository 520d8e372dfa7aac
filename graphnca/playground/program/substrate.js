// A substrate: who perceives whom with what weight. Where its cells lie is for plane.js and surface.js.

const SQUARE_MOMENT = 8; // the moment matrix of the square grid is 8 times the identity
const SINGULAR_BELOW = 1e-6; // relative determinant below which a cell's neighbours lie on one line

// Both kinds of substrates have
//   reads(i, j)         whether a cell may read a neighbour of a neighbour
//   seen(i, others)     where others lie as a cell sees them, [x, y] each
//   spacing             units from one cell to the next
//   under(place, r)     the cells within a radius of a place, which is what their camera finds under a pointer
//   beside(place, x, y) the place that lies at an offset as seen from another
//   patch(share)        cells that lie together and are such a share of all
//   fields              fields of frames: name, label, title
//   turnOf(field, i)    the angle by which a field turns a pattern at a cell
class Substrate {
  constructor(packed) {
    Object.assign(this, { packed, name: packed.name, cells: packed.cells, pos: packed.pos });
    this.neighbour = Uint32Array.from(packed.neighbour);
    this.weight = packed.weight && Float32Array.from(packed.weight);
    this.start = startsOf(packed.degree);
    this.hashed = Int32Array.from({ length: this.cells }, (_, i) => mix(i));
  }

  neighboursOf(cell) {
    return this.neighbour.subarray(this.start[cell], this.start[cell + 1]);
  }

  // Rows of cells with the weights of a rule's operators, each of which is sum_k weight_k (x_k - x_i). The first entries
  // of a row are the cell's neighbours, by which life spreads; what a stencil reads besides follows.
  stencilFor({ operators }) {
    const whole = (this.wholeStencil ??= this.packed.sees === "edges" ? this.alongEdges() : this.alongRows());
    return { start: whole.start, column: whole.column, weights: operators.map((name) => whole[name]) };
  }

  // A substrate without a stencil: its weights, and the moment-corrected gradient of its direction vectors.
  alongEdges() {
    const { start, neighbour, weight, cells } = this;
    const { direction } = this.packed;
    const whole = { start, column: neighbour, laplacian: weight };
    if (!direction) return whole;
    whole.along_x = new Float32Array(neighbour.length);
    whole.along_y = new Float32Array(neighbour.length);
    for (let i = 0; i < cells; i++) {
      let a = 0, b = 0, d = 0;
      for (let e = start[i]; e < start[i + 1]; e++) {
        const w = weight[e], x = direction[2 * e], y = direction[2 * e + 1];
        a += w * x * x; b += w * x * y; d += w * y * y;
      }
      const trace = a + d, determinant = a * d - b * b;
      const regular = determinant > SINGULAR_BELOW * trace * trace;
      const scale = SQUARE_MOMENT / (regular ? determinant : trace > 0 ? trace * trace : 1);
      const [xx, xy, yy] = regular ? [d, -b, a] : [a, b, d];
      for (let e = start[i]; e < start[i + 1]; e++) {
        const w = weight[e] * scale, x = direction[2 * e], y = direction[2 * e + 1];
        whole.along_x[e] = w * (xx * x + xy * y);
        whole.along_y[e] = w * (xy * x + yy * y);
      }
    }
    return whole;
  }

  // A stencil, fitted here over the two rings round each cell, or as the page carries it; neighbours first.
  alongRows() {
    const { cells, packed } = this;
    const row = new Int32Array(cells).fill(-1), carriedStart = startsOf(packed.reads);
    packed.carried.forEach((cell, k) => (row[cell] = k));
    const rowStart = new Uint32Array(cells + 1), columns = [], made = [[], [], []];
    for (let i = 0; i < cells; i++) {
      const found = new Map();
      for (const near of this.neighboursOf(i)) found.set(near, [0, 0, 0]);
      if (row[i] >= 0) {
        for (let at = carriedStart[row[i]]; at < carriedStart[row[i] + 1]; at++) {
          const along = packed.gradient ? [packed.gradient[2 * at], packed.gradient[2 * at + 1]] : [0, 0];
          found.set(packed.read[at], [packed.laplacian[at], ...along]);
        }
      } else {
        for (const near of this.neighboursOf(i)) {
          for (const far of this.neighboursOf(near)) if (far !== i && !found.has(far) && this.reads(i, far)) found.set(far, null);
        }
        const others = [...found.keys()];
        fitted(this.seen(i, others), packed.fitted === "averaged").forEach((values, k) => found.set(others[k], values));
      }
      for (const [column, values] of found) {
        columns.push(column);
        made.forEach((band, of) => band.push(values[of]));
      }
      rowStart[i + 1] = columns.length;
    }
    const [laplacian, along_x, along_y] = made.map((band) => Float32Array.from(band));
    return { start: rowStart, column: Uint32Array.from(columns), laplacian, along_x, along_y };
  }
}

// Where the entries of each begin, of lists one behind the other.
function startsOf(counts) {
  const start = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) start[i + 1] = start[i] + counts[i];
  return start;
}
