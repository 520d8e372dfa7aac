// Cells in the plane, on a torus or a bounded domain: places are positions [x, y].

const CORNER = 1e-4; // units: corners of a polygon nearer than this are one
const POLES = [0.25, 0.75]; // shares of the width at which the two poles of a bipolar field lie

class Plane extends Substrate {
  constructor(packed) {
    super(packed);
    this.periodic = packed.periodic;
    [this.width, this.height] = packed.extent;
    this.spacing = Math.sqrt((this.width * this.height) / this.cells);
    this.locator = new Locator(this);
    this.fields = [
      ["constant", "one way", "The same direction everywhere"],
      ["polar", "outwards", "Away from the middle of the substrate"],
      ["bipolar", "poles", "Away from one pole and towards another"],
    ];
  }

  reads() {
    return true; // finer cells, which read less far, come with their stencil
  }

  seen(cell, others) {
    const x = this.pos[2 * cell], y = this.pos[2 * cell + 1];
    return others.map((other) => this.shortest(this.pos[2 * other] - x, this.pos[2 * other + 1] - y));
  }

  // The smallest brush is the one cell under the pointer.
  under([x, y], radius) {
    const nearest = this.locator.nearest(x, y);
    if (nearest < 0) return [];
    return [...new Set([nearest, ...(radius > 0.5 ? this.locator.within(x, y, radius) : [])])];
  }

  beside([x, y], dx, dy) {
    return [x + dx, y + dy];
  }

  patch(share) {
    return this.locator.within(this.width / 2, this.height / 2, Math.sqrt((share * this.width * this.height) / Math.PI));
  }

  turnOf(field, cell) {
    if (field === "constant") return 0;
    const x = this.pos[2 * cell], y = this.pos[2 * cell + 1], middle = this.height / 2;
    const pole = (share) => {
      const [dx, dy] = [x - share * this.width, y - middle];
      const distance = Math.max(0.5, Math.hypot(dx, dy));
      return [dx / distance ** 3, dy / distance ** 3];
    };
    const away = field === "polar" ? [x - this.width / 2, y - middle] : POLES.map(pole).reduce((one, two) => [one[0] - two[0], one[1] - two[1]]);
    return Math.atan2(away[0], -away[1]); // up points away from the pole
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
