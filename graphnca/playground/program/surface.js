// Cells on a surface in space, with normals and frames: places are { cell, at }, the point at of a cell.

const HEXAGON = Math.sqrt(Math.sqrt(3) / 2); // side of a square as large as a hexagon whose neighbours are 1 away
const STRAIGHT = 1e-4; // radians below which an arc is as long as its chord

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const plus = (a, b, share = 1) => [a[0] + share * b[0], a[1] + share * b[1], a[2] + share * b[2]];
const mean = (points) => [0, 1, 2].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);

class Surface extends Substrate {
  constructor(packed) {
    super(packed);
    this.fields = [
      ["constant", "its frames", "As the frames lie that the surface came with"],
      ["upright", "upwards", "Upwards in space, wherever the surface is not level"],
    ];
    const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
    for (let k = 0; k < this.pos.length; k++) {
      low[k % 3] = Math.min(low[k % 3], this.pos[k]);
      high[k % 3] = Math.max(high[k % 3], this.pos[k]);
    }
    this.middle = mean([low, high]);
    this.radius = 0;
    let length = 0;
    for (let i = 0; i < this.cells; i++) {
      this.radius = Math.max(this.radius, Math.hypot(...minus(this.at(i), this.middle)));
      for (const j of this.neighboursOf(i)) length += Math.hypot(...minus(this.at(j), this.at(i)));
    }
    this.spacing = (HEXAGON * length) / this.neighbour.length;
  }

  at(cell) {
    return [this.pos[3 * cell], this.pos[3 * cell + 1], this.pos[3 * cell + 2]];
  }

  normal(cell) {
    const { normal } = this.packed;
    return [normal[3 * cell], normal[3 * cell + 1], normal[3 * cell + 2]];
  }

  // The two axes of a cell's frame: seen from outside, x runs right and y down.
  axes(cell) {
    const { frame } = this.packed, first = [frame[3 * cell], frame[3 * cell + 1], frame[3 * cell + 2]];
    return [first, cross(first, this.normal(cell))];
  }

  // Not across a thin rim: a neighbour's neighbour must face the same way.
  reads(cell, other) {
    return dot(this.normal(cell), this.normal(other)) > 0;
  }

  // The logarithmic map, as in the library's topologies/surfaces/log_map.py.
  seen(cell, others) {
    const here = this.at(cell), normal = this.normal(cell), [first, second] = this.axes(cell);
    return others.map((other) => {
      const chord = minus(this.at(other), here), length = Math.hypot(...chord);
      const x = dot(chord, first), y = dot(chord, second), flat = Math.hypot(x, y);
      const rise = [normal, this.normal(other)].map((one) => Math.asin(Math.min(1, Math.max(-1, dot(one, chord) / length))));
      const angle = Math.abs(rise[1] - rise[0]) / 2;
      const arc = angle > STRAIGHT ? (length * angle) / Math.sin(angle) : length;
      return flat > 0 ? [(x * arc) / flat, (y * arc) / flat] : [0, 0];
    });
  }

  // The cell under the pointer, and those round it that can be reached without leaving the ball.
  under(place, radius) {
    const found = [place.cell], known = new Set(found);
    for (let k = 0; k < found.length; k++) {
      for (const other of this.neighboursOf(found[k])) {
        if (known.has(other) || !(Math.hypot(...minus(this.at(other), place.at)) <= radius)) continue;
        known.add(other);
        found.push(other);
      }
    }
    return found;
  }

  // In the plane of the cell's frame, then to whichever neighbour is nearer, until none is.
  beside({ cell, at }, dx, dy) {
    const [first, second] = this.axes(cell), there = plus(plus(at, first, dx), second, dy);
    const far = (one) => Math.hypot(...minus(this.at(one), there));
    for (let here = cell; ; ) {
      const next = this.neighboursOf(here).reduce((best, other) => (far(other) < far(best) ? other : best), here);
      if (next === here) return { cell: here, at: this.at(here) };
      here = next;
    }
  }

  patch(share) {
    const found = [0], known = new Set(found);
    for (let k = 0; k < found.length && found.length < share * this.cells; k++) {
      for (const other of this.neighboursOf(found[k])) {
        if (!known.has(other)) found.push(other);
        known.add(other);
      }
    }
    return found;
  }

  turnOf(field, cell) {
    if (field === "constant") return 0;
    const [first, second] = this.axes(cell); // what is upwards, as the cell sees it
    return Math.atan2(first[1], -second[1]);
  }

  // The triangles that draw the cells, two corners on a cell's border and then its middle: vertices 0 .. cells - 1 are
  // the middles. Where the surface ends, a cell ends too.
  get mesh() {
    return (this.builtMesh ??= this.triangulated());
  }

  triangulated() {
    const { cells } = this;
    const place = [...this.pos], normal = [...this.packed.normal], triangles = [], known = new Map();
    const vertex = (members, make) => {
      const key = members.sort((one, two) => one - two).join();
      if (!known.has(key)) {
        known.set(key, place.length / 3);
        place.push(...make());
        const outwards = mean(members.map((member) => this.normal(member)));
        normal.push(...outwards.map((part) => part / (Math.hypot(...outwards) || 1)));
      }
      return known.get(key);
    };
    let closed = true;
    for (let i = 0; i < cells; i++) {
      const [first, second] = this.axes(i), here = this.at(i);
      const round = [...this.neighboursOf(i)]
        .map((other) => {
          const away = minus(this.at(other), here);
          return { other, angle: Math.atan2(dot(away, second), dot(away, first)) };
        })
        .sort((one, two) => one.angle - two.angle);
      const corners = round.map(({ other, angle }, k) => {
        const next = round[(k + 1) % round.length], gap = (next.angle - angle + 4 * Math.PI) % (2 * Math.PI);
        return round.length > 1 && gap > 0 && gap < Math.PI ? this.cornerOf(i, other, next.other, vertex) : null;
      });
      round.forEach(({ other }, k) => {
        const half = () => vertex([i, other], () => mean([here, this.at(other)]));
        const before = corners[(k + round.length - 1) % round.length], after = corners[k];
        closed &&= after !== null;
        if (before !== after) triangles.push(before ?? half(), after ?? half(), i);
      });
    }
    return { place: Float32Array.from(place), normal: Float32Array.from(normal), triangles: Uint32Array.from(triangles), closed };
  }

  // Where a cell and two neighbours meet. Four cells round one corner may touch along one diagonal, both or none: where
  // they don't along just one, it is the middle of the four.
  cornerOf(cell, one, two, vertex) {
    const touch = (a, b) => this.neighboursOf(a).includes(b), met = touch(one, two);
    const fourth = [...this.neighboursOf(one)].find(
      (other) => other !== cell && other !== two && touch(other, two) && touch(other, cell) === met && (!met || this.crossed([cell, one, two, other])),
    );
    const round = fourth === undefined ? [cell, one, two] : [cell, one, two, fourth];
    return vertex(round, () => (met && fourth === undefined ? circumcentre(...round.map((member) => this.at(member))) : mean(round.map((member) => this.at(member)))));
  }

  // Whether of four cells that all touch one another two edges cross: else one of them lies between the other three.
  crossed(four) {
    return four.every((cell) => this.start[cell + 1] - this.start[cell] > 3);
  }
}

// The point of a triangle's plane that is as far from each of its corners; of a flat triangle its middle.
function circumcentre(a, b, c) {
  const one = minus(b, a), two = minus(c, a), across = cross(one, two), area = dot(across, across);
  const away = plus(cross(across, one).map((part) => part * dot(two, two)), cross(two, across), dot(one, one)).map((part) => part / (2 * area));
  const longest = Math.max(dot(one, one), dot(two, two), dot(minus(c, b), minus(c, b)));
  return area > 0 && dot(away, away) < longest ? plus(a, away) : mean([a, b, c]);
}

const makeSubstrate = (packed) => (packed.normal ? new Surface(packed) : new Plane(packed));
