// A substrate: who perceives whom with what weight, where the cells lie, and which polygon each of them is.

const SQUARE_MOMENT = 8; // the moment matrix of the square grid is 8 times the identity
const SINGULAR_BELOW = 1e-6; // relative determinant below which a cell's neighbours lie on one line
const FINE = 0.95, FINE_REACH = 2.1; // cells a square unit from which on only so far is read, in units
const CORNER = 1e-4; // units: corners of a polygon nearer than this are one

class Substrate {
  constructor(packed) {
    Object.assign(this, { name: packed.name, cells: packed.cells, periodic: packed.periodic, pos: packed.pos });
    [this.width, this.height] = packed.extent;
    this.neighbour = Uint32Array.from(packed.neighbour);
    this.weight = packed.weight && Float32Array.from(packed.weight);
    this.start = new Uint32Array(this.cells + 1);
    for (let i = 0; i < this.cells; i++) this.start[i + 1] = this.start[i] + packed.degree[i];
    this.packed = packed;
    this.locator = new Locator(this);
    this.hashed = Int32Array.from({ length: this.cells }, (_, i) => mix(i));
  }

  // Rows of cells with the weights of a rule's operators, each of which is sum_k weight_k (x_k - x_i). The first entries
  // of a row are the cell's neighbours, by which life spreads; what a stencil reads besides follows.
  stencilFor({ operators }) {
    const whole = (this.seen ??= this.packed.sees === "edges" ? this.alongEdges() : this.alongRows());
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

  // A stencil, as it is written or fitted here; neighbours first.
  alongRows() {
    const { start, neighbour, cells, packed } = this;
    const written = packed.sees === "written", fine = cells >= FINE * this.width * this.height;
    const rowStart = new Uint32Array(cells + 1), columns = [], made = [[], [], []];
    for (let i = 0, at = 0; i < cells; i++) {
      const found = new Map();
      for (let e = start[i]; e < start[i + 1]; e++) found.set(neighbour[e], [0, 0, 0]);
      if (written) {
        for (const stop = at + packed.reads[i]; at < stop; at++) {
          const along = packed.gradient ? [packed.gradient[2 * at], packed.gradient[2 * at + 1]] : [0, 0];
          found.set(packed.read[at], [packed.laplacian[at], ...along]);
        }
      } else {
        for (const near of [...found.keys()]) {
          for (let e = start[near]; e < start[near + 1]; e++) if (neighbour[e] !== i) found.set(neighbour[e], null);
        }
        const x = this.pos[2 * i], y = this.pos[2 * i + 1];
        const place = (other) => this.shortest(this.pos[2 * other] - x, this.pos[2 * other + 1] - y);
        if (fine) for (const other of found.keys()) if (Math.hypot(...place(other)) > FINE_REACH) found.delete(other);
        const others = [...found.keys()], places = others.map(place);
        fitted(places, packed.sees === "averaged").forEach((values, k) => found.set(others[k], values));
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

  // The shortest way from one position to another, round the torus if it is one.
  shortest(dx, dy) {
    if (!this.periodic) return [dx, dy];
    return [dx - this.width * Math.round(dx / this.width), dy - this.height * Math.round(dy / this.height)];
  }

  // Voronoi polygons of the positions, corners relative to the cell's centre; a bounded domain ends at its extent.
  get polygons() {
    return (this.builtPolygons ??= Array.from({ length: this.cells }, (_, i) => this.polygonOf(i)));
  }

  polygonOf(cell) {
    const x = this.pos[2 * cell], y = this.pos[2 * cell + 1];
    const box = this.periodic
      ? [-this.width / 2, -this.height / 2, this.width / 2, this.height / 2]
      : [-x, -y, this.width - x, this.height - y];
    let corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]];
    for (let reach = 2.5; ; reach *= 2) {
      const others = this.locator
        .within(x, y, reach)
        .filter((other) => other !== cell)
        .map((other) => this.shortest(this.pos[2 * other] - x, this.pos[2 * other + 1] - y))
        .sort((one, two) => Math.hypot(...one) - Math.hypot(...two));
      for (const [dx, dy] of others) corners = clipped(corners, dx, dy);
      const furthest = Math.max(...corners.map((corner) => Math.hypot(...corner)));
      if (reach >= 2 * furthest || reach > 2 * (this.width + this.height)) break; // no cell further out can cut it
    }
    return corners.filter((corner, k) => {
      const next = corners[(k + 1) % corners.length];
      return Math.hypot(next[0] - corner[0], next[1] - corner[1]) > CORNER;
    });
  }
}

// The part of a convex polygon that is nearer to the origin than to (dx, dy).
function clipped(corners, dx, dy) {
  const limit = (dx * dx + dy * dy) / 2;
  const kept = [];
  for (let k = 0; k < corners.length; k++) {
    const [ax, ay] = corners[k], [bx, by] = corners[(k + 1) % corners.length];
    const a = ax * dx + ay * dy - limit, b = bx * dx + by * dy - limit;
    if (a <= 0) kept.push(corners[k]);
    if (a < 0 !== b < 0 && a !== b) {
      const share = a / (a - b);
      if (share > 0 && share < 1) kept.push([ax + share * (bx - ax), ay + share * (by - ay)]);
    }
  }
  return kept;
}

// Finds cells by position: buckets of about two cells each.
class Locator {
  constructor(substrate) {
    this.substrate = substrate;
    const { width, height, cells, pos } = substrate;
    const side = Math.sqrt((2 * width * height) / cells);
    this.columns = Math.max(1, Math.floor(width / side));
    this.rows = Math.max(1, Math.floor(height / side));
    this.buckets = Array.from({ length: this.columns * this.rows }, () => []);
    for (let i = 0; i < cells; i++) this.buckets[this.bucketOf(pos[2 * i], pos[2 * i + 1])].push(i);
  }

  bucketOf(x, y) {
    const column = Math.min(this.columns - 1, Math.max(0, Math.floor((x / this.substrate.width) * this.columns)));
    const row = Math.min(this.rows - 1, Math.max(0, Math.floor((y / this.substrate.height) * this.rows)));
    return row * this.columns + column;
  }

  // Cells whose centres lie at most `radius` from a position.
  within(x, y, radius) {
    const { substrate, columns, rows } = this;
    const { width, height, periodic, pos } = substrate;
    const found = [];
    const range = (centre, extent, count) => {
      const low = Math.floor(((centre - radius) / extent) * count), high = Math.floor(((centre + radius) / extent) * count);
      if (high - low + 1 >= count) return Array.from({ length: count }, (_, k) => k);
      const all = Array.from({ length: high - low + 1 }, (_, k) => low + k);
      return periodic ? all.map((k) => ((k % count) + count) % count) : all.filter((k) => k >= 0 && k < count);
    };
    const across = range(x, width, columns);
    for (const row of range(y, height, rows)) {
      for (const column of across) {
        for (const cell of this.buckets[row * columns + column]) {
          const [dx, dy] = substrate.shortest(pos[2 * cell] - x, pos[2 * cell + 1] - y);
          if (dx * dx + dy * dy <= radius * radius) found.push(cell);
        }
      }
    }
    return found;
  }

  // The cell nearest to a position; -1 outside a bounded domain.
  nearest(x, y) {
    const { width, height, periodic, pos } = this.substrate;
    if (periodic) {
      x -= width * Math.floor(x / width);
      y -= height * Math.floor(y / height);
    } else if (x < 0 || y < 0 || x > width || y > height) return -1;
    for (let reach = 1.5; ; reach *= 2) {
      let best = -1, least = reach * reach;
      for (const cell of this.within(x, y, reach)) {
        const [dx, dy] = this.substrate.shortest(pos[2 * cell] - x, pos[2 * cell + 1] - y);
        if (dx * dx + dy * dy <= least) [best, least] = [cell, dx * dx + dy * dy];
      }
      if (best >= 0 || reach > width + height) return best;
    }
  }
}
