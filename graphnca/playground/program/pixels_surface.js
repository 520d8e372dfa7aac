// Which pixel shows which cell of a surface, and in what light, without WebGL2.

// For each pixel twice the number of its cell, -1 beside the surface; and the light there.
function surfacePixels(substrate, camera, width, height) {
  const { triangles, normal, closed } = substrate.mesh;
  const seen = camera.seen(substrate, width, height);
  const place = new Int32Array(width * height).fill(-1), shade = new Uint8Array(width * height);
  const near = new Float32Array(width * height);
  const light = lightOf(camera), bright = new Float32Array(normal.length / 3);
  for (let k = 0; k < bright.length; k++) bright[k] = normal[3 * k] * light[0] + normal[3 * k + 1] * light[1] + normal[3 * k + 2] * light[2];
  for (let t = 0; t < triangles.length; t += 3) {
    const p = triangles[t], q = triangles[t + 1], r = triangles[t + 2];
    const px = seen[3 * p], py = seen[3 * p + 1], qx = seen[3 * q], qy = seen[3 * q + 1], rx = seen[3 * r], ry = seen[3 * r + 1];
    const whole = (qx - px) * (ry - py) - (qy - py) * (rx - px); // below 0 where the inner side is seen
    if (whole === 0 || (closed && whole < 0)) continue;
    const side = whole > 0 ? 1 : -1;
    const top = Math.max(0, Math.ceil(Math.min(py, qy, ry) - 0.5)), last = Math.min(height - 1, Math.ceil(Math.max(py, qy, ry) - 0.5) - 1);
    for (let row = top; row <= last; row++) {
      const level = row + 0.5;
      let left = Infinity, right = -Infinity;
      const meet = (ax, ay, bx, by) => {
        if (ay <= level === by <= level) return;
        const x = ay < by ? ax + ((level - ay) / (by - ay)) * (bx - ax) : bx + ((level - by) / (ay - by)) * (ax - bx);
        left = Math.min(left, x); right = Math.max(right, x);
      };
      meet(px, py, qx, qy); meet(qx, qy, rx, ry); meet(rx, ry, px, py);
      const end = Math.min(width - 1, Math.ceil(right - 0.5) - 1);
      for (let column = Math.max(0, Math.ceil(left - 0.5)); column <= end; column++) {
        const x = column + 0.5, at = row * width + column;
        const ofQ = ((x - px) * (ry - py) - (level - py) * (rx - px)) / whole, ofR = ((qx - px) * (level - py) - (qy - py) * (x - px)) / whole, ofP = 1 - ofQ - ofR;
        const depth = ofP * seen[3 * p + 2] + ofQ * seen[3 * q + 2] + ofR * seen[3 * r + 2];
        if (depth <= near[at]) continue;
        near[at] = depth;
        place[at] = 2 * r;
        shade[at] = LIT * shadeOf(side * (ofP * bright[p] + ofQ * bright[q] + ofR * bright[r]));
      }
    }
  }
  return { place, shade };
}
