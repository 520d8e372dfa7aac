// A figure rests while nobody sees it; where less motion is asked for, it shows what has grown and waits.
if (document.documentElement.classList.contains("figure")) {
  const { app } = await globalThis.playground;
  if (!app.running) {
    for (let k = 0; k < STILL_AFTER; k++) app.organism.step();
    app.redraw();
  }
  let interrupted = false;
  new IntersectionObserver(([{ isIntersecting: seen }]) => {
    if (seen && interrupted) [app.running, interrupted] = [true, false];
    else if (!seen && app.running) [app.running, interrupted] = [false, true];
  }).observe(document.body);
}
