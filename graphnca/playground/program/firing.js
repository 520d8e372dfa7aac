// Which cells fire in a step: the library's own hash (graphnca/layers/firing.py), so equal keys give equal masks.

const FIRST = 0x7feb352d;
const SECOND = 0x846ca68b;
const KEY_RANGE = 0x7fffffff; // a key, and a cell's random bits, are whole numbers of 31 bits

function mix(bits) {
  bits = Math.imul(bits ^ (bits >>> 16), FIRST);
  bits = Math.imul(bits ^ (bits >>> 15), SECOND);
  return bits ^ (bits >>> 16);
}

// A cell fires if its 31 bits are below this number.
const firingThreshold = (rate) => Math.round(rate * 2147483648);

// The key of a step of the page's own runs: one seed gives one history.
const keyOf = (seed, step) => mix(seed ^ mix(step + 1)) & KEY_RANGE;

const randomSeed = () => Math.floor(Math.random() * KEY_RANGE);
