// Where the picture looks at cells in the plane.

const LARGEST_ZOOM = 12;
const MARGIN = 0.97; // of the picture that a bounded domain takes; a torus goes on through its seams

const clampedZoom = (zoom) => Math.min(LARGEST_ZOOM, Math.max(1, zoom));

// A centre in units, and how much larger than the whole substrate. Cameras of both kinds have
//   fit, scale, zoomAt  the whole, pixels per unit, closer
//   place               what is under a point given in shares of the picture; null beside the substrate
//   pan                 moves what is seen by so many units
//   setting             all of it as numbers
class Camera {
  constructor() {
    this.zoom = 1;
    this.centre = [0, 0];
  }

  fit(substrate) {
    this.zoom = 1;
    this.centre = [substrate.width / 2, substrate.height / 2];
  }

  get setting() {
    return [this.zoom, ...this.centre];
  }

  set setting([zoom, ...centre]) {
    Object.assign(this, { zoom: clampedZoom(zoom), centre: centre.slice(0, 2) });
  }

  // Pixels per unit.
  scale(substrate, width, height) {
    const across = width / substrate.width, down = height / substrate.height;
    return this.zoom * (substrate.periodic ? Math.max(across, down) : MARGIN * Math.min(across, down));
  }

  // The position under a point given in shares of the picture.
  place(substrate, width, height, shareX, shareY) {
    const scale = this.scale(substrate, width, height);
    return [
      this.centre[0] + ((shareX - 0.5) * width) / scale,
      this.centre[1] + ((shareY - 0.5) * height) / scale,
    ];
  }

  pan(substrate, dx, dy) {
    this.centre = [this.centre[0] + dx, this.centre[1] + dy];
    const sides = [substrate.width, substrate.height];
    this.centre = this.centre.map((value, axis) =>
      substrate.periodic
        ? value - sides[axis] * Math.floor(value / sides[axis])
        : Math.min(sides[axis], Math.max(0, value)),
    );
  }

  // Zooms by a factor, keeping what is under a point of the picture where it is.
  zoomAt(substrate, width, height, shareX, shareY, factor) {
    const before = this.place(substrate, width, height, shareX, shareY);
    this.zoom = clampedZoom(this.zoom * factor);
    const after = this.place(substrate, width, height, shareX, shareY);
    this.pan(substrate, before[0] - after[0], before[1] - after[1]);
  }
}

const cameraFor = (substrate) => (substrate instanceof Surface ? new Orbit() : new Camera());
