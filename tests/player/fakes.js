// What the modules of the player are given in their tests.

import { ofTable } from "../../ui/player/js/chunk.js";

/** An Arrow table, as far as the player looks into one: numbers, lists of floats, or bytes. */
export function table(columns) {
  const names = Object.keys(columns);
  const typeOf = ([first]) => {
    if (first instanceof Uint8Array) return { byteWidth: first.length };
    return first instanceof Float32Array ? { listSize: first.length } : {};
  };
  return {
    numRows: columns[names[0]].length,
    schema: { fields: names.map((name) => ({ name, type: typeOf(columns[name]) })) },
    getChild: (name) => ({ toArray: () => Float64Array.from(columns[name]), get: (i) => valueOf(columns[name][i]) }),
  };
}

/** A wide value as Arrow has it: a part of the buffer that has the whole column, a list of floats as a vector. */
function valueOf(values) {
  const whole = new values.constructor(2 * values.length);
  whole.set(values, values.length);
  const part = whole.subarray(values.length);
  return values instanceof Uint8Array ? part : { toArray: () => part };
}

/** What a recording is named with in an answer. */
export function run({ recording = "a", total = 100, every = 1, course = [[0, "x"]] } = {}) {
  return { recording, total, last: (total - 1) * every, every, course };
}

/** An answer with the frames from `start` to before `end`: each column is of its own value at a frame. */
export function answer(start, end, { error = null, columns = { step: (i) => i, loss: (i) => 1 / (i + 1) } } = {}) {
  const indices = Array.from({ length: end - start }, (_, i) => start + i);
  const made = Object.entries(columns).map(([name, value]) => [name, indices.map(value)]);
  return { start, error, frames: ofTable(table(Object.fromEntries(made))) };
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
