// What Vega does not draw: painted on canvases over the plot, in its coordinates.
//
// A painter has a canvas of its own, `paint(view, frames, index)`, and `clear()`, after which it paints all anew; if it
// needs what comes with a run, `settle(tables)`, name -> Arrow table. Rasters have a file of their own.

import { columnsIn } from "./frames.js";
import { drawable } from "./numbers.js";

const PALE = 0.35; // a curve that a fork cut off
const SOLID = 0.85; // a pinned one
const DASHES = { A: [9, 4], B: [2, 3], C: [9, 4, 2, 4], D: [14, 6] };
const LETTER = { wide: 12, high: 11 }; // pixels that a pin's letter takes
const DOT = 2.6; // radius, of a path with a dot at every frame
const MOST_DOTS = 200;
const POINT = 2; // side of a cloud's point
const FARTHEST = 1e5; // a canvas counts in 32 bits

/** Lines up to the frame on screen, painted stroke by stroke: Vega would draw all of each at every frame. */
export class Trails {
  constructor(place, trails) {
    this.trails = trails; // [{ x, y, colour, width, dots }]: two columns each
    this.still = []; // curves that do not move, of pins and of the run before a fork: { columns, length, letter, ink }
    this.end = -1; // the frame that the strokes have come to; -1: nothing is painted
    this.canvas = canvasIn(place, "trails");
  }

  keep(still) {
    this.still = still;
    this.clear();
  }

  clear() { this.end = -1; }

  paint(view, frames, index) {
    if (!this.trails.length) return;
    if (index < this.end || this.end < 0) this.begin(view);
    for (const trail of this.trails) this.lengthen(trail, view, frames, index);
    this.end = index;
  }

  begin(view) {
    const pen = penOver(this.canvas, view);
    Object.assign(pen, { lineJoin: "round", lineCap: "round" });
    const ends = this.still.flatMap((curve) => this.trails.map((trail) => paintStill(pen, view, curve, trail)));
    pen.save();
    Object.assign(pen, { font: "bold 13px sans-serif", globalAlpha: SOLID });
    for (const { letter, ink, left, top } of besideEachOther(ends.filter(Boolean), view.width())) {
      pen.fillStyle = ink;
      pen.fillText(letter, left, top);
    }
    pen.restore();
    this.end = -1;
  }

  lengthen({ x, y, colour, width, dots }, view, frames, index) {
    const [across, up] = [frames.columns.get(x), frames.columns.get(y)];
    if (!across || !up) return; // until the charts of another view are there
    const pen = this.canvas.getContext("2d");
    Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: width });
    const seen = stroke(pen, view, across, up, Math.max(this.end, 0), index);
    if (dots && frames.total <= MOST_DOTS) for (const point of seen) dot(pen, point);
  }
}

/** A curve that does not move; returns where its letter belongs, if it has one. */
function paintStill(pen, view, { columns, length, letter, ink }, { x, y, colour, width }) {
  const [across, up] = [columns.get(x), columns.get(y)];
  if (!across || !up) return null; // a pin of a run of another shape, or seen in another view
  pen.save();
  pen.globalAlpha = letter ? SOLID : PALE;
  Object.assign(pen, { strokeStyle: ink ?? colour, lineWidth: letter ? 2 : width });
  if (letter) pen.setLineDash(DASHES[letter]);
  const end = stroke(pen, view, across, up, 0, length - 1).at(-1);
  pen.restore();
  return letter && end ? { letter, ink, left: end.left, top: end.top } : null;
}

/** Where letters stand at the ends of their curves: in a row, the first on the left, where these end together. */
export function besideEachOther(ends, width) {
  const rows = [];
  for (const end of [...ends].sort((one, other) => other.letter.localeCompare(one.letter))) {
    const top = Math.max(end.top - 6, LETTER.high);
    let left = Math.min(end.left + 4, width - LETTER.wide);
    const taken = rows.filter((other) => Math.abs(other.top - top) < LETTER.high);
    while (taken.some((other) => Math.abs(other.left - left) < LETTER.wide)) left -= 1;
    rows.push({ ...end, left, top });
  }
  return rows;
}

/** One line through the points `from` to `to`; returns those of them that lie inside the plot. */
function stroke(pen, view, across, up, from, to) {
  const points = placed(view, across, up, from, to);
  pen.beginPath();
  for (const { left, top, joined } of points) {
    if (joined) pen.lineTo(left, top);
    else pen.moveTo(left, top);
  }
  pen.stroke();
  return points.filter(({ inside }) => inside);
}

function dot(pen, { left, top }) {
  pen.beginPath();
  pen.arc(left, top, DOT, 0, 2 * Math.PI);
  pen.fill();
}

/** Where the points of a line lie, and whether a stroke leads to each from the one before. */
export function placed(view, across, up, from, to) {
  const [x, y] = [view.scale("x"), view.scale("y")];
  const [width, height] = [view.width(), view.height()];
  // On a logarithmic axis a line to its lower end says "below", 0 above all; one along it would say "there". `theory`
  // in charts.py does the same.
  const lowest = y.type === "log" ? y.domain()[0] : -Infinity;
  const points = [];
  let last = null; // the point before, where there is one
  for (let i = from; i <= to; i += 1) {
    const along = i > 0 && up[i] < lowest && up[i - 1] < lowest;
    if (along || Number.isNaN(across[i]) || Number.isNaN(up[i])) {
      last = null;
      continue;
    }
    const left = near(x(drawable(across[i])));
    const top = up[i] < lowest ? height : near(y(drawable(up[i])));
    const inside = top >= 0 && top <= height && left >= 0 && left <= width;
    // A stroke from outside to outside says nothing; a diverging run would fill the picture with them.
    const joined = last !== null && (inside || last.inside);
    last = { left, top, inside, joined };
    points.push(last);
  }
  return points;
}

const near = (value) => Math.max(-FARTHEST, Math.min(FARTHEST, value));

/** Points of which there are too many for Vega: all p, then all q of a frame, in the colours in turn. */
export class Cloud {
  constructor(place, clouds) {
    this.clouds = clouds; // the colours of each
    this.canvas = clouds.length ? canvasIn(place, "trails") : null;
  }

  clear() {} // each frame is painted anew

  paint(view, frames, index) {
    const cells = frames.wide.get("cloud")?.[index];
    for (const colours of cells ? this.clouds : []) {
      const pen = penOver(this.canvas, view);
      const [x, y] = [view.scale("x"), view.scale("y")];
      const count = cells.length / 2;
      colours.forEach((colour, part) => {
        pen.fillStyle = colour;
        for (let k = part; k < count; k += colours.length) {
          pen.fillRect(x(cells[k]) - POINT / 2, y(cells[count + k]) - POINT / 2, POINT, POINT);
        }
      });
    }
  }
}

/** Lines over x that stay, each through the numbers of one frame. */
export class Curves {
  constructor(place, curves) {
    this.curves = curves; // [{ name, colour, width }]
    this.canvas = curves.length ? canvasIn(place, "trails") : null;
    this.across = new Map(); // name -> its x
  }

  settle(tables) {
    for (const { name } of this.curves) this.across.set(name, tables.get(name)?.getChild("x").toArray());
  }

  clear() {} // each frame is painted anew

  paint(view, frames, index) {
    if (!this.curves.length) return;
    const pen = penOver(this.canvas, view);
    Object.assign(pen, { lineJoin: "round", lineCap: "round" });
    for (const { name, colour, width } of this.curves) {
      const [across, up] = [this.across.get(name), frames.wide.get(name)?.[index]];
      if (!across || !up) continue; // until the charts of another view are there
      Object.assign(pen, { strokeStyle: colour, lineWidth: width });
      stroke(pen, view, across, up, 0, Math.min(across.length, up.length) - 1);
    }
  }
}

/** Lines through `length` numbers each, all x, then all y of a frame: what becomes of the lines of a grid. */
export class Meshes {
  constructor(place, meshes) {
    this.meshes = meshes; // [{ name, length, colour, width }]
    this.canvas = meshes.length ? canvasIn(place, "trails") : null;
  }

  clear() {} // each frame is painted anew

  paint(view, frames, index) {
    if (!this.meshes.length) return;
    const pen = penOver(this.canvas, view);
    pen.lineJoin = "round";
    for (const { name, length, colour, width } of this.meshes) {
      const cells = frames.wide.get(name)?.[index];
      if (!cells) continue; // until the charts of another view are there
      const count = cells.length / 2;
      Object.assign(pen, { strokeStyle: colour, lineWidth: width });
      for (let from = 0; from < count; from += length) {
        stroke(pen, view, cells.subarray(0, count), cells.subarray(count), from, from + length - 1);
      }
    }
  }
}

/**
 * Lines from place to place, each as thick as a number of the frame and coloured by its sign: the weights of a
 * network. They lie under what Vega draws.
 */
export class Edges {
  constructor(place, edges) {
    this.edges = edges; // [{ name, column, labels, per, most, colours: [below 0, above] }]
    this.canvas = edges.length ? canvasIn(place, "under") : null;
    this.lines = new Map(); // name -> [{ from: [x, y], to: [x, y], part }]
    this.values = new Map(); // name -> the numbers on screen, one for each line
  }

  settle(tables) {
    for (const { name } of this.edges) {
      const { x, y, to_x: toX, to_y: toY, part } = Object.fromEntries(columnsIn(tables.get(name)));
      this.lines.set(name, Array.from(x, (_, k) => ({ from: [x[k], y[k]], to: [toX[k], toY[k]], part: part[k] })));
    }
  }

  clear() {} // each frame is painted anew

  paint(view, frames, index) {
    if (!this.edges.length) return;
    const pen = penOver(this.canvas, view);
    pen.lineCap = "round";
    for (const { name, column, per, most, colours } of this.edges) {
      const lines = this.lines.get(name) ?? [];
      const values = lines.map(({ part }) => partOf(frames, column, part, index));
      this.values.set(name, values);
      lines.forEach((line, k) => {
        if (!Number.isFinite(values[k])) return;
        pen.strokeStyle = colours[Number(values[k] > 0)];
        pen.lineWidth = thickness(values[k], per, most);
        pen.beginPath();
        bend(pen, bentBetween(view, line));
        pen.stroke();
      });
    }
  }

  /** The line under a place of the plot, or null: { label, value }. */
  under(view, left, top) {
    let best = null;
    for (const { name, labels, per, most } of this.edges) {
      (this.lines.get(name) ?? []).forEach((line, k) => {
        const value = this.values.get(name)?.[k];
        const away = distanceTo(bentBetween(view, line), left, top) - thickness(value, per, most) / 2;
        if (away <= (best?.away ?? CLOSE)) best = { away, label: labels[k], value };
      });
    }
    return best;
  }
}

const CLOSE = 4; // pixels beside a line that still count as on it
const THINNEST = 0.4;
const SAMPLES = 24; // places on a bent line that a pointer is compared with

/** How thick the line of a number is: `per` pixels for 1, at most so many. */
export const thickness = (value, per, most) => Math.min(most, Math.max(THINNEST, per * Math.abs(value || 0)));

/** One number of a column that may be wide or one of several narrow ones. */
export function partOf({ wide, columns }, column, part, index) {
  const cells = wide.get(column)?.[index];
  return cells ? cells[part] : columns.get(`${column}_${part}`)?.[index] ?? NaN;
}

/** The four points of a curve from place to place that leaves and arrives level. */
function bentBetween(view, { from, to }) {
  const [x, y] = [view.scale("x"), view.scale("y")];
  const [[left, top], [right, bottom]] = [from, to].map(([across, up]) => [x(across), y(up)]);
  const middle = (left + right) / 2;
  return [[left, top], [middle, top], [middle, bottom], [right, bottom]];
}

function bend(pen, [[left, top], first, second, last]) {
  pen.moveTo(left, top);
  pen.bezierCurveTo(...first, ...second, ...last);
}

/** How far a place is from a Bézier curve of four points, as far as a few places on it tell. */
export function distanceTo([a, b, c, d], left, top) {
  let least = Infinity;
  for (let k = 0; k <= SAMPLES; k += 1) {
    const [t, u] = [k / SAMPLES, 1 - k / SAMPLES];
    const weights = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    const at = (axis) => weights[0] * a[axis] + weights[1] * b[axis] + weights[2] * c[axis] + weights[3] * d[axis];
    least = Math.min(least, Math.hypot(at(0) - left, at(1) - top));
  }
  return least;
}

export function canvasIn(place, className) {
  const canvas = place.appendChild(document.createElement("canvas"));
  canvas.className = className;
  return canvas;
}

/** The pen of an emptied canvas, in the coordinates of the plot and clipped to it. */
export function penOver(canvas, view) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth, clientHeight } = canvas.parentElement;
  const [width, height] = [Math.floor(clientWidth * ratio), Math.floor(clientHeight * ratio)];
  const pen = canvas.getContext("2d");
  if (canvas.width === width && canvas.height === height) pen.reset();
  else Object.assign(canvas, { width, height });
  const { left, top } = corner(view);
  pen.scale(ratio, ratio);
  pen.translate(left, top);
  pen.beginPath();
  pen.rect(0, -2, view.width(), view.height() + 4);
  pen.clip();
  return pen;
}

/** Where the plot begins in its box. */
export function corner(view) {
  const { left, top } = view.padding();
  return { left: view.origin()[0] + left, top: view.origin()[1] + top };
}
