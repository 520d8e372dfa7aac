// A viewer who walks round a surface, with the library's axes (graphnca/rasterizers/camera.py): y is upwards.

const DISTANCE = 4; // radii of the surface from its middle to the viewer
const WIDENING = DISTANCE / Math.sqrt(DISTANCE * DISTANCE - 1); // of the outline, by the perspective
const STEEPEST = 1.5; // radians to which the viewer rises
const AT_FIRST = 0.6; // and at the start at most

class Orbit {
  constructor() {
    Object.assign(this, { zoom: 1, azimuth: 0, elevation: 0, shift: [0, 0] });
  }

  // The whole surface, seen from where a cell faces the viewer.
  fit(substrate, cell) {
    Object.assign(this, { zoom: 1, azimuth: 0, elevation: 0.2, shift: [0, 0] });
    if (cell === undefined) return;
    const [x, y, z] = substrate.normal(cell);
    this.azimuth = Math.atan2(x, z);
    this.elevation = Math.max(-AT_FIRST, Math.min(AT_FIRST, Math.asin(Math.max(-1, Math.min(1, y)))));
  }

  get setting() {
    return [this.zoom, this.azimuth, this.elevation, ...this.shift];
  }

  set setting([zoom, azimuth, elevation, right = 0, down = 0]) {
    Object.assign(this, { zoom: clampedZoom(zoom), azimuth, elevation: Math.max(-STEEPEST, Math.min(STEEPEST, elevation)), shift: [right, down] });
  }

  // Rows: to the right, downwards, and towards the viewer.
  get axes() {
    const cos = Math.cos(this.azimuth), sin = Math.sin(this.azimuth);
    const rise = Math.cos(this.elevation), up = Math.sin(this.elevation);
    const right = [cos, 0, -sin], towards = [rise * sin, up, rise * cos];
    return [right, cross(right, towards), towards];
  }

  // Pixels per unit, in the middle of the surface.
  scale(substrate, width, height) {
    return (this.zoom * MARGIN * Math.min(width, height)) / (2 * WIDENING * substrate.radius);
  }

  // Where the vertices of the cells appear: x, y in pixels, and how near they are, linear on the picture of a plane.
  seen(substrate, width, height) {
    const key = [width, height, ...this.setting].join();
    if (this.seenOf === substrate && this.seenKey === key) return this.seenPlaces;
    const { place } = substrate.mesh, [right, down, towards] = this.axes, [mx, my, mz] = substrate.middle;
    const scale = this.scale(substrate, width, height), far = DISTANCE * substrate.radius;
    const left = width / 2 - scale * this.shift[0], top = height / 2 - scale * this.shift[1];
    const found = new Float64Array(place.length);
    for (let k = 0; k < place.length; k += 3) {
      const x = place[k] - mx, y = place[k + 1] - my, z = place[k + 2] - mz;
      const near = far / (far - (towards[0] * x + towards[1] * y + towards[2] * z));
      found[k] = left + scale * near * (right[0] * x + right[1] * y + right[2] * z);
      found[k + 1] = top + scale * near * (down[0] * x + down[1] * y + down[2] * z);
      found[k + 2] = near;
    }
    Object.assign(this, { seenOf: substrate, seenKey: key, seenPlaces: found });
    return found;
  }

  // What is seen at a point given in shares of the picture: the nearest triangle's cell, and where on it; null beside.
  place(substrate, width, height, shareX, shareY) {
    const seen = this.seen(substrate, width, height), { place, triangles } = substrate.mesh;
    const x = shareX * width, y = shareY * height;
    let nearest = -Infinity, found = null;
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = [3 * triangles[t], 3 * triangles[t + 1], 3 * triangles[t + 2]];
      const ax = seen[a] - x, ay = seen[a + 1] - y, bx = seen[b] - x, by = seen[b + 1] - y, cx = seen[c] - x, cy = seen[c + 1] - y;
      const shares = [bx * cy - by * cx, cx * ay - cy * ax, ax * by - ay * bx], whole = shares[0] + shares[1] + shares[2];
      if (whole === 0 || shares.some((share) => share * whole < 0)) continue;
      const near = (shares[0] * seen[a + 2] + shares[1] * seen[b + 2] + shares[2] * seen[c + 2]) / whole;
      if (near <= nearest) continue;
      nearest = near;
      const weights = [a, b, c].map((vertex, k) => (shares[k] * seen[vertex + 2]) / (whole * near));
      found = { cell: triangles[t + 2], at: [0, 1, 2].map((axis) => [a, b, c].reduce((sum, vertex, k) => sum + weights[k] * place[vertex + axis], 0)) };
    }
    return found;
  }

  // Walks round, so that what is in front moves by so many units.
  pan(substrate, dx, dy) {
    this.azimuth = (this.azimuth + dx / substrate.radius) % (2 * Math.PI);
    this.elevation = Math.max(-STEEPEST, Math.min(STEEPEST, this.elevation - dy / substrate.radius));
  }

  // Zooms by a factor, keeping the middle of the surface, or what is under a point near it, where it is.
  zoomAt(substrate, width, height, shareX, shareY, factor) {
    const from = this.scale(substrate, width, height);
    this.zoom = clampedZoom(this.zoom * factor);
    const to = this.scale(substrate, width, height);
    const kept = [(shareX - 0.5) * width, (shareY - 0.5) * height];
    this.shift = this.shift.map((value, axis) => {
      const moved = value + kept[axis] / from - kept[axis] / to;
      return this.zoom === 1 ? 0 : Math.min(substrate.radius, Math.max(-substrate.radius, moved));
    });
  }
}
