// The frames of one recording, as far as they have come.
//
// A frame is a number for each narrow column, and for a wide one a Float32Array (the points of a cloud, a curve) or a
// Uint8Array (the cells of a raster).

import { drawable } from "./numbers.js";

export class Frames {
  constructor({ recording, maker, total, last, every, course }) {
    this.recording = recording; // the server's name for it
    this.maker = maker; // and for what has made its columns of states
    this.total = total; // frames that there will be
    this.last = last; // step of the last of them
    this.every = every; // steps from one frame to the next
    this.course = course; // [[step, settings chosen there], ...]
    this.known = 0; // frames that have come
    this.error = null; // why no more will come
    this.columns = new Map(); // name -> Float64Array, with room for all
    this.wide = new Map(); // name -> a Float32Array or Uint8Array for each frame
  }

  get complete() { return this.known >= this.total || this.error !== null; }

  /** Bytes of a frame's wide columns. */
  get wideBytes() { return [...this.wide.values()].reduce((sum, [cell]) => sum + cell.byteLength, 0); }

  /** Bytes that a frame takes in an answer. */
  get frameBytes() { return this.wideBytes + Float64Array.BYTES_PER_ELEMENT * this.columns.size; }

  /** Bytes that are held. */
  get bytes() {
    const narrow = [...this.columns.values()].reduce((sum, values) => sum + values.byteLength, 0);
    return narrow + this.known * this.wideBytes;
  }

  step(index) { return Math.min(index * this.every, this.last); }

  /** How many frames a run has in common with this one: up to the step where their courses part. */
  shared({ course, every }) {
    if (every !== this.every) return 0;
    const parted = parting(this.course, course);
    return Math.min(this.known, Math.floor(parted / every) + 1);
  }

  /** Whether an answer has these columns, if any have come, made in the same way: another view of a run has others. */
  fits({ frames, maker }) {
    const same = (mine, theirs) => mine.size === theirs.size && [...theirs.keys()].every((name) => mine.has(name));
    if (maker !== this.maker) return false;
    return this.known === 0 || (same(this.columns, frames.narrow) && same(this.wide, frames.wide));
  }

  /** Begin with the first `count` frames of another run. */
  take(other, count) {
    for (const [name, cells] of other.wide) this.wide.set(name, cells.slice(0, count));
    for (const [name, values] of other.columns) {
      this.columns.set(name, new Float64Array(this.total));
      this.columns.get(name).set(values.subarray(0, Math.min(count, this.total)));
    }
    this.known = count;
  }

  /** Take in an answer, and say whether it brought anything: a late one has what is known, or leaves a gap. */
  accept({ start, frames, error }) {
    this.error = error;
    const { rows, narrow, wide } = frames;
    if (start > this.known || start + rows <= this.known) return false;
    for (const [name, values] of narrow) {
      if (!this.columns.has(name)) this.columns.set(name, new Float64Array(this.total));
      this.columns.get(name).set(values, start);
    }
    for (const [name, valuesOf] of wide) {
      if (!this.wide.has(name)) this.wide.set(name, []);
      const cells = this.wide.get(name);
      // Copied, or what is left of a chunk after a fork would hold all of it.
      for (let row = 0; row < rows; row += 1) cells[start + row] = valuesOf(row).slice();
    }
    this.known = start + rows;
    return true;
  }

  /** The frame on screen as a chart's row, with the one before it as before_<column>. */
  now(index) {
    return { ...this.row(index), ...(index > 0 ? this.values(index - 1, "before_") : {}) };
  }

  row(index) { return { frame: index, ...this.values(index) }; }

  values(index, prefix = "") {
    const values = {};
    for (const [name, column] of this.columns) values[prefix + name] = drawable(column[index]);
    return values;
  }
}

/** The step where two courses part: -1 if they never agreed. */
function parting(mine, theirs) {
  const over = [Infinity];
  for (let i = 0; ; i += 1) {
    const [[step, settings], [otherStep, otherSettings]] = [mine[i] ?? over, theirs[i] ?? over];
    if (step === otherStep && settings === otherSettings && step !== Infinity) continue;
    return i === 0 ? -1 : Math.min(step, otherStep);
  }
}

/** The columns of an Arrow table of numbers: name -> values. */
export function columnsIn(table) {
  return new Map(table.schema.fields.map(({ name }) => [name, table.getChild(name).toArray()]));
}

/** The rows of such a table. */
export function rowsOf(table) {
  const columns = [...columnsIn(table)];
  return Array.from({ length: table.numRows }, (_, i) =>
    Object.fromEntries(columns.map(([name, values]) => [name, drawable(values[i])])));
}
