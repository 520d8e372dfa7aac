// Reads the page's payload (written by graphnca/playground/container.py): gzip, base64, a JSON header, then arrays.

const ARRAYS = { uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, float32: Float32Array };
const ALIGNMENT = 8;

async function readContainer(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const headerLength = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  const first = Math.ceil((4 + headerLength) / ALIGNMENT) * ALIGNMENT;
  const resolve = (value) => {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== "object") return value;
    if (value.$array) {
      const [type, offset, count] = value.$array;
      return new ARRAYS[type](buffer, first + offset, count);
    }
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, resolve(entry)]));
  };
  return resolve(header);
}
