// What the modules of the player are given in their tests.

/** An Arrow table, as far as the player looks into one: numbers, or bytes for a column of Float32Arrays. */
export function table(columns) {
  const names = Object.keys(columns);
  const isWide = (name) => columns[name][0] instanceof Float32Array;
  return {
    numRows: columns[names[0]].length,
    schema: { fields: names.map((name) => ({ name, type: isWide(name) ? { byteWidth: 1 } : {} })) },
    getChild: (name) => ({ toArray: () => Float64Array.from(columns[name]), get: (i) => unaligned(columns[name][i]) }),
  };
}

/** The bytes of numbers, at an odd place of their buffer, as Arrow may have them. */
function unaligned(numbers) {
  const bytes = new Uint8Array(numbers.byteLength + 1);
  bytes.set(new Uint8Array(numbers.buffer), 1);
  return bytes.subarray(1);
}

/** What a recording is named with in an answer. */
export function run({ recording = "a", total = 100, every = 1, course = [[0, "x"]] } = {}) {
  return { recording, total, last: (total - 1) * every, every, course };
}

/** An answer with the frames from `start` to before `end`: each column is of its own value at a frame. */
export function answer(start, end, { error = null, columns = { step: (i) => i, loss: (i) => 1 / (i + 1) } } = {}) {
  const indices = Array.from({ length: end - start }, (_, i) => start + i);
  const made = Object.entries(columns).map(([name, value]) => [name, indices.map(value)]);
  return { start, error, frames: table(Object.fromEntries(made)) };
}

/** Numbers from 0 to 1 that are the same each time: mulberry32. */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
