// Which pixel shows which cell of the plane, without WebGL2.

// For each pixel twice the number of its cell, -1 outside.
function planePixels(substrate, camera, width, height) {
  const scale = camera.scale(substrate, width, height);
  const place = new Int32Array(width * height).fill(-1);
  for (const { shift } of copiesOf(substrate, camera, scale, width, height)) {
    substrate.polygons.forEach((polygon, cell) => {
      const x = (substrate.pos[2 * cell] + shift[0] - camera.centre[0]) * scale + width / 2;
      const y = (substrate.pos[2 * cell + 1] + shift[1] - camera.centre[1]) * scale + height / 2;
      const reach = 3 * scale;
      if (x < -reach || y < -reach || x > width + reach || y > height + reach) return;
      fillPolygon(place, width, height, polygon.map(([dx, dy]) => [x + dx * scale, y + dy * scale]), 2 * cell);
    });
  }
  // a pixel whose middle lies on the border of two polygons may have been left to the other by each
  for (let at = 0; at < place.length; at++) {
    if (place[at] >= 0) continue;
    const share = [((at % width) + 0.5) / width, (Math.floor(at / width) + 0.5) / height];
    const cell = substrate.locator.nearest(...camera.place(substrate, width, height, ...share));
    if (cell >= 0) place[at] = 2 * cell;
  }
  return { place };
}

// Writes a value into the pixels whose centres lie in a convex polygon.
function fillPolygon(pixels, width, height, corners, value) {
  let top = Infinity, bottom = -Infinity;
  for (const [, y] of corners) {
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const last = Math.min(height - 1, Math.ceil(bottom - 0.5) - 1);
  for (let row = Math.max(0, Math.ceil(top - 0.5)); row <= last; row++) {
    const level = row + 0.5;
    let left = Infinity, right = -Infinity;
    for (let k = 0; k < corners.length; k++) {
      const [ax, ay] = corners[k], [bx, by] = corners[(k + 1) % corners.length];
      if (ay <= level === by <= level) continue;
      const x = ax + ((level - ay) / (by - ay)) * (bx - ax);
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    const end = Math.min(width - 1, Math.ceil(right - 0.5) - 1);
    for (let column = Math.max(0, Math.ceil(left - 0.5)); column <= end; column++) pixels[row * width + column] = value;
  }
}
