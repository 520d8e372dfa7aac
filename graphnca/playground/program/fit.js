// What a cell makes of the cells that it reads: the best quadrature of the square grid's kernels, as in the library's
// topologies/fit.py, where the formulas stand.

const WIDTH = 0.8, RIDGE = 1e-3; // of the Gaussian, in units; of the coefficients
const RINGS = [[1, 8], [Math.SQRT2, 4]]; // radius, and sum of the square kernel's weights on it
const OFFSETS = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [x, y])).filter(([x, y]) => x !== 0 || y !== 0);
const ANGLES = 64; // over which the mean of a ring is taken: exact to rounding, as the Gaussian is smooth
const QUADRATIC_FROM = 8; // cells read from which on the coefficients are exact on quadratic fields
const TABLE_STEP = 1 / 256, TABLE_END = 5; // units: cubics between places so near are right to 1e-11

const gaussian = (x, y) => Math.exp(-(x * x + y * y) / (2 * WIDTH * WIDTH));

// What the kernels that are averaged over directions make of the Gaussian round (r, 0): [Laplacian without
// the cell itself, its slope in r, the gradient outwards, its slope].
function averagedAt(r) {
  const found = [0, 0, 0, 0];
  for (const [radius, total] of RINGS) {
    for (let k = 0; k < ANGLES; k++) {
      const angle = (2 * Math.PI * k) / ANGLES, cos = Math.cos(angle), away = r - radius * cos;
      const value = (total * gaussian(away, radius * Math.sin(angle))) / ANGLES, slope = (-value * away) / (WIDTH * WIDTH);
      found[0] += value; found[1] += slope;
      found[2] += radius * cos * value; found[3] += radius * cos * slope;
    }
  }
  return found;
}

let averagedTable = null;

// The same two values for any r, by cubics between places of a table, which is made when it is first asked for.
function averagedKernels(r) {
  if (r > TABLE_END - TABLE_STEP) return [averagedAt(r)[0], averagedAt(r)[2]];
  averagedTable ??= Array.from({ length: Math.round(TABLE_END / TABLE_STEP) + 1 }, (_, k) => averagedAt(k * TABLE_STEP));
  const at = Math.floor(r / TABLE_STEP), t = r / TABLE_STEP - at, s = 1 - t;
  const low = averagedTable[at], high = averagedTable[at + 1];
  return [0, 2].map((of) => s * s * ((1 + 2 * t) * low[of] + t * TABLE_STEP * low[of + 1]) + t * t * ((1 + 2 * s) * high[of] - s * TABLE_STEP * high[of + 1]));
}

// The kernels of Laplacian (without the cell itself), d/dx and d/dy on the Gaussian round (x, y).
function kernelsOn(x, y, averaged) {
  const r = Math.hypot(x, y), [others, outwards] = averagedKernels(r);
  if (averaged) return r > 0 ? [others, (outwards * x) / r, (outwards * y) / r] : [others, 0, 0];
  let alongX = 0, alongY = 0;
  for (const [dx, dy] of OFFSETS) {
    const value = gaussian(x - dx, y - dy) * (dx === 0 || dy === 0 ? 2 : 1);
    alongX += dx * value; alongY += dy * value;
  }
  return [others, alongX, alongY];
}

// Coefficients [laplacian, along x, along y] of the cells at `places` [x, y], as seen from the one that reads them.
function fitted(places, averaged) {
  const points = [[0, 0], ...places], count = points.length;
  const degree = places.length < QUADRATIC_FROM ? 3 : 6, size = count + degree;
  const exact = [[12, 0, 0], [0, 8, 0], [0, 0, 8], [8, 0, 0], [0, 0, 0], [8, 0, 0]];
  const rows = Array.from({ length: size }, () => new Float64Array(size + 3));
  for (let j = 0; j < count; j++) {
    const [x, y] = points[j], powers = [1, x, y, x * x, x * y, y * y], row = rows[j];
    for (let k = 0; k < j; k++) row[k] = rows[k][j] = gaussian(x - points[k][0], y - points[k][1]);
    row[j] = 1 + RIDGE;
    for (let d = 0; d < degree; d++) row[count + d] = rows[count + d][j] = powers[d];
    row.set(kernelsOn(x, y, averaged), size);
  }
  for (let d = 0; d < degree; d++) rows[count + d].set(exact[d], size);
  eliminate(rows, size);
  return Array.from({ length: places.length }, (_, j) => [0, 1, 2].map((of) => rows[j + 1][size + of]));
}

// Solves a system with several right-hand sides in place, behind the matrix in the same rows.
function eliminate(rows, size) {
  const width = rows[0].length;
  for (let k = 0; k < size; k++) {
    let best = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[best][k])) best = i;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    const pivot = rows[k];
    for (let i = k + 1; i < size; i++) {
      const row = rows[i], share = row[k] / pivot[k];
      if (share !== 0) for (let j = k; j < width; j++) row[j] -= share * pivot[j];
    }
  }
  for (let k = size - 1; k >= 0; k--) {
    for (let j = size; j < width; j++) {
      let value = rows[k][j];
      for (let i = k + 1; i < size; i++) value -= rows[k][i] * rows[i][j];
      rows[k][j] = value / rows[k][k];
    }
  }
}
