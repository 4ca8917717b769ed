// Pictures of one byte a cell, painted under what Vega draws. What the bytes stand for: core/rasters.py.

import { canvasIn, partOf, penOver } from "./paint.js";

export const LARGEST = 254; // the byte of the upper limit
export const NO_NUMBER = 255;
const HATCH = "#8A8F98"; // strokes where there is no number
const LEVEL = [["#FFFFFF", 4.5], ["#000000", 2]]; // black with a white outline: one of the two stands out
const TILE = 8; // pixels from one to the next
const [BAR, MARKED] = ["#0072B2", "#009E73"]; // of any column, and of the one that is marked
// Of a cell: how broad a bar is, how high at most, and where it stands.
const [BROAD, SLOT, FOOT] = [0.72, 0.84, 0.94];

/** The colours of a map, six hexadecimal digits each, as the pixels of an image: 32 bits a byte. */
export function paletteOf(text) {
  const colours = new Uint32Array(256); // NO_NUMBER stays transparent
  const parts = new Uint8ClampedArray(colours.buffer);
  for (let byte = 0; byte <= LARGEST; byte += 1) {
    for (let part = 0; part < 3; part += 1) {
      const at = 6 * byte + 2 * part;
      parts[4 * byte + part] = Number.parseInt(text.slice(at, at + 2), 16);
    }
    parts[4 * byte + 3] = 255;
  }
  return colours;
}

/** A palette of so many bands: all bytes of one have the colour in its middle. */
export function banded(palette, bands) {
  const found = palette.slice();
  for (let byte = 0; byte <= LARGEST; byte += 1) {
    const band = Math.min(bands - 1, Math.floor(byte / LARGEST * bands));
    found[byte] = palette[Math.round((band + 0.5) / bands * LARGEST)];
  }
  return found;
}

/** Which of `count` equal cells from `first` to `last` has the place, or null. */
export function cellAt(place, first, last, count) {
  const part = (place - first) / (last - first);
  return part >= 0 && part < 1 ? Math.floor(part * count) : null;
}

/** What a byte stands for: the value, to as many digits as it has, and the sign of what may lie beyond a limit. */
export function meaningOf(byte, [low, high]) {
  if (byte === NO_NUMBER) return { value: NaN, sign: "" };
  const step = (high - low) / LARGEST;
  const digit = 10 ** Math.floor(Math.log10(step));
  const value = byte === 0 ? low : byte === LARGEST ? high : Math.round((low + byte * step) / digit) * digit;
  return { value, sign: { 0: "≤ ", [LARGEST]: "≥ " }[byte] ?? "" };
}

/**
 * The strokes [x, y, x, y] of the line on which a picture is at `level`, a byte; in cells, the middle of the first one
 * at 0, 0. `level_line` in core/rasters.py says how.
 */
export function levelLine(bytes, columns, level) {
  const strokes = [];
  const part = (begin, end) => (level - begin) / (end - begin);
  for (let y = 0; y + 1 < bytes.length / columns; y += 1) {
    for (let x = 0; x + 1 < columns; x += 1) {
      const at = y * columns + x;
      const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + columns + 1], bytes[at + columns]];
      const above = (a >= level) + (b >= level) + (c >= level) + (d >= level);
      if (above === 0 || above === 4 || Math.max(a, b, c, d) === NO_NUMBER) continue;
      const sides = [];
      if ((a >= level) !== (b >= level)) sides.push([x + part(a, b), y]);
      if ((b >= level) !== (c >= level)) sides.push([x + 1, y + part(b, c)]);
      if ((c >= level) !== (d >= level)) sides.push([x + part(d, c), y + 1]);
      if ((d >= level) !== (a >= level)) sides.push([x, y + part(a, d)]);
      // Of four the first goes with the second or the last: the line parts the corners that differ from the middle.
      if (sides.length === 4 && ((a + b + c + d) / 4 >= level) !== (a >= level)) sides.unshift(sides.pop());
      for (let k = 0; k < sides.length; k += 2) strokes.push([...sides[k], ...sides[k + 1]]);
    }
  }
  return strokes;
}

/**
 * The bars of a picture whose cells are as high as their numbers, in parts of it from its left and first row:
 * [{ left, top, wide, high, marked }], for each row one of a column that is marked, over a slot as high as 1.
 */
export function barsOf(bytes, columns, marked) {
  const rows = bytes.length / columns;
  const wide = BROAD / columns;
  return Array.from(bytes, (byte, k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    const high = byte === NO_NUMBER ? 0 : byte / LARGEST * SLOT / rows;
    const left = (column + (1 - BROAD) / 2) / columns;
    return { left, top: (row + FOOT) / rows - high, wide, high, marked: marked[row] === column };
  });
}

/** The rasters of a chart, on one canvas; painted when their bytes are others than before. */
export class Rasters {
  constructor(place, rasters, maps) {
    this.rasters = rasters.map((raster) => {
      const palette = paletteOf(maps[raster.colours]);
      return { ...raster, palette: raster.bands ? banded(palette, raster.bands) : palette };
    });
    this.canvas = rasters.length ? canvasIn(place, "under") : null;
    this.small = document.createElement("canvas"); // one pixel a cell
    this.still = new Map(); // name -> bytes that came with the run
    this.painted = null; // the bytes on the canvas
    this.number = () => NaN; // a number of the frame on screen
  }

  settle(tables) {
    for (const { name } of this.rasters) {
      const table = tables.get(name);
      if (table) this.still.set(name, table.getChild("cells").get(0).slice());
    }
  }

  clear() { this.painted = null; }

  paint(view, frames, index) {
    this.number = (column, part) => partOf(frames, column, part, index);
    const shown = (name) => frames.wide.get(name)?.[index] ?? this.still.get(name);
    const bytes = this.rasters.map(({ name }) => shown(name));
    if (!bytes.length || bytes.every((cells, i) => cells && cells === this.painted?.[i])) return;
    this.painted = bytes;
    const pen = penOver(this.canvas, view);
    this.rasters.forEach((raster, i) => {
      if (!bytes[i]) return;
      if (raster.bars) paintBars(pen, edges(view, raster), raster, bytes[i]);
      else this.paintOne(pen, view, raster, bytes[i]);
      if (raster.level) paintLevel(pen, edges(view, raster), raster.level, shown(raster.level[0]));
    });
  }

  paintOne(pen, view, { palette, columns, smooth, ...raster }, bytes) {
    const { small } = this;
    const rows = bytes.length / columns;
    Object.assign(small, { width: columns, height: rows });
    const image = new ImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let k = 0; k < bytes.length; k += 1) pixels[k] = palette[bytes[k]];
    small.getContext("2d").putImageData(image, 0, 0);
    const { left, right, first, last } = edges(view, raster);
    pen.save();
    if (bytes.includes(NO_NUMBER)) hatch(pen, left, first, right, last);
    pen.imageSmoothingEnabled = smooth;
    pen.transform((right - left) / columns, 0, 0, (last - first) / rows, left, first);
    pen.drawImage(small, 0, 0);
    pen.restore();
  }

  /** What is under a place of the plot, the upper raster first: [{ label, byte, limits, row, column, name, place, beside }]. */
  under(view, x, y) {
    const found = this.rasters.map((raster, i) => {
      const { columns, label, limits, smooth, shows, down, columns_are: names } = raster;
      if (!label) return null;
      const [title, ...of] = raster.beside ?? [];
      const beside = title ? { label: title, value: this.number(...of) } : null;
      const bytes = this.painted?.[i];
      if (!bytes) return null;
      const { left, right, first, last } = edges(view, raster);
      const column = cellAt(x, left, right, columns);
      const row = cellAt(y, first, last, bytes.length / columns);
      if (row === null || column === null) return null;
      const byte = bytes[row * columns + column];
      const part = [(x - left) / (right - left), (y - first) / (last - first)];
      const ends = (shows ?? [raster.x, raster.y]).map((pair) => pair.map((end) => placeOf(view, end)));
      if (down) ends[1].reverse();
      const place = smooth ? part.map((along, k) => ends[k][0] + along * (ends[k][1] - ends[k][0])) : null;
      const name = names[column];
      return { label, byte, limits: limits.map((end) => placeOf(view, end)), row, column, name, place, beside };
    });
    return found.filter(Boolean).reverse();
  }
}

/** Bars, each on a thin line; around the one that is marked its slot. */
function paintBars(pen, { left, right, first, last }, { columns, bars }, bytes) {
  const [across, down] = [right - left, last - first];
  const rows = bytes.length / columns;
  for (const { left: x, top, wide, high, marked } of barsOf(bytes, columns, bars)) {
    const foot = top + high;
    const [begin, width] = [left + x * across, wide * across];
    pen.fillStyle = marked ? MARKED : BAR;
    pen.strokeStyle = marked ? MARKED : HATCH;
    pen.fillRect(begin, first + top * down, width, high * down);
    pen.lineWidth = 1;
    if (marked) pen.strokeRect(begin, first + (foot - SLOT / rows) * down, width, SLOT / rows * down);
    else pen.strokeRect(begin, first + foot * down, width, 0);
  }
}

/** The line along which the bytes of a raster are at one of them. */
function paintLevel(pen, { left, right, first, last }, [, columns, byte], bytes) {
  if (!bytes) return;
  const [across, up] = [(right - left) / columns, (last - first) / (bytes.length / columns)];
  pen.beginPath();
  for (const [x, y, toX, toY] of levelLine(bytes, columns, byte)) {
    pen.moveTo(left + (x + 0.5) * across, first + (y + 0.5) * up);
    pen.lineTo(left + (toX + 0.5) * across, first + (toY + 0.5) * up);
  }
  pen.lineCap = "round";
  for (const [strokeStyle, lineWidth] of LEVEL) {
    Object.assign(pen, { strokeStyle, lineWidth });
    pen.stroke();
  }
}

/** Where a raster begins and ends in its plot: the outer ends of its first and last column and row. */
function edges(view, { x, y, down }) {
  const [left, right] = x.map((end) => view.scale("x")(placeOf(view, end)));
  const [lower, upper] = y.map((end) => view.scale("y")(placeOf(view, end)));
  return down ? { left, right, first: upper, last: lower } : { left, right, first: lower, last: upper };
}

/** An end or a limit: a number, or the name of a parameter of the chart. */
const placeOf = (view, end) => (typeof end === "string" ? view.signal(end) : end);

/** Strokes over a raster whose cells leave some open: a pattern, since one by one they took as long as the rest. */
function hatch(pen, left, first, right, last) {
  tile ??= makeTile();
  pen.fillStyle = pen.createPattern(tile, "repeat");
  pen.fillRect(left, first, right - left, last - first);
}

let tile = null;

function makeTile() {
  const canvas = Object.assign(document.createElement("canvas"), { width: TILE, height: TILE });
  const pen = canvas.getContext("2d");
  pen.strokeStyle = HATCH;
  for (const shift of [-TILE, 0, TILE]) { // its neighbours reach into its corners
    pen.moveTo(shift - 1, TILE + 1);
    pen.lineTo(shift + TILE + 1, -1);
  }
  pen.stroke();
  return canvas;
}
