// What a pointer does on a chart: values under it, a click that goes to a step or picks a point.

import { number } from "./numbers.js";
import { corner } from "./paint.js";
import { meaningOf } from "./raster.js";
import { at } from "./words.js";

const GAP = 14; // between the pointer and what it shows
const BESIDE = 4; // so far beside the plot still counts as on it

/** Let the pointer do on `box`, which an earlier chart may have had, what the `index`-th `chart` can; `player` is told. */
export function watch(box, chart, player, index) {
  Object.assign(box, { onclick: null, onpointermove: null, onpointerleave: null });
  box.classList.toggle("pick", Boolean(chart.pick));
  if (chart.hover) hoverOver(box, chart, player);
  else {
    if (chart.pick) pickFrom(box, chart, player, index);
    if (chart.rasters.canvas || chart.edges.canvas) lookInto(box, chart);
  }
}

/** The values of the cells under the pointer, also while the picture moves under a pointer that rests. */
function lookInto(box, chart) {
  const { view } = chart;
  const tip = new Tip(box);
  let last = null; // where the pointer is
  const look = () => {
    const { left, top } = last ? inPlot(last, box, view) : {};
    const found = last ? chart.rasters.under(view, left, top) : [];
    if (!found.length) {
      const edge = last ? chart.edges.under(view, left, top) : null;
      if (!edge) return tip.leave();
      return tip.show(last, edge.label, [lineOf(number(edge.value))]);
    }
    const [{ row, column, name, place }] = found;
    const here = name ?? (place ? place.map(number).join(", ") : `row ${row}, column ${column}`);
    tip.show(last, here, found.flatMap(({ label, byte, limits, beside: more }) => {
      const { value, sign } = meaningOf(byte, limits);
      const lines = [lineOf(label, `${sign}${number(value)}`)];
      return more ? [...lines, lineOf(more.label, number(more.value))] : lines;
    }));
  };
  chart.moved = look;
  box.onpointermove = (event) => {
    last = event;
    look();
  };
  box.onpointerleave = () => {
    last = null;
    tip.leave();
  };
}

/** A small table of values beside the pointer. */
class Tip {
  constructor(box) {
    this.box = box;
    this.element = null;
  }

  show({ clientX, clientY }, title, lines) {
    const { box } = this;
    this.element ??= added(box, "div", "tip");
    this.element.replaceChildren(head(title), ...lines);
    const { left, top } = box.getBoundingClientRect();
    const [x, y] = beside(clientX - left, clientY - top, this.element, box);
    Object.assign(this.element.style, { left: `${x}px`, top: `${y}px` });
  }

  leave() {
    this.element?.remove();
    this.element = null;
  }
}

function pickFrom(box, { view, pick }, player, index) {
  box.onclick = (event) => {
    const { left, top } = inPlot(event, box, view);
    if (left < 0 || top < 0 || left > view.width() || top > view.height()) return;
    player.pick(view.scale("x").invert(left), view.scale("y").invert(top), index, pick);
  };
}

function hoverOver(box, chart, player) {
  const { view } = chart;
  const colours = new Map(chart.trails.map(({ y, colour }) => [y, colour]));
  const tip = new Tip(box);
  const frameAt = (event) => {
    const { left } = inPlot(event, box, view);
    if (left < -BESIDE || left > view.width() + BESIDE || !player.frames.known) return null;
    const step = view.scale("x").invert(left);
    return Math.max(0, Math.min(player.frames.known - 1, Math.round(step / player.frames.every)));
  };
  box.onpointerleave = () => tip.leave();
  box.onclick = (event) => {
    const index = frameAt(event);
    if (index !== null) player.jump(index);
  };
  box.onpointermove = (event) => {
    const index = frameAt(event);
    if (index === null) return tip.leave();
    const row = player.frames.row(Math.min(index, player.shown));
    const lines = Object.entries(chart.hover.fields).map(([field, label]) =>
      lineOf(sample(colours.get(field)), label, number(row[field])));
    tip.show(event, at(row.step, player.stepName), lines);
  };
}

/** The pointer in the coordinates of the plot. */
function inPlot(event, box, view) {
  const place = box.getBoundingClientRect();
  const { left, top } = corner(view);
  return { left: event.clientX - place.left - left, top: event.clientY - place.top - top };
}

/** Where a tip stands beside a point of its box: right of it or else left, or above it, and inside. */
export function beside(x, y, { offsetWidth: width, offsetHeight: height }, { clientWidth, clientHeight }) {
  const inside = (place, size, room) => Math.max(0, Math.min(place, room - size));
  const middle = inside(y - height / 2, height, clientHeight);
  if (x + GAP + width <= clientWidth) return [x + GAP, middle];
  if (x - GAP - width >= 0) return [x - GAP - width, middle];
  return [inside(x - width / 2, width, clientWidth), inside(y - GAP - height, height, clientHeight)];
}

function added(parent, kind, className) {
  const element = parent.appendChild(document.createElement(kind));
  element.className = className;
  return element;
}

function head(text) {
  const header = document.createElement("header");
  header.textContent = text;
  return header;
}

function sample(colour) {
  const line = document.createElement("i");
  line.style.background = colour;
  return line;
}

function lineOf(...cells) {
  const line = document.createElement("div");
  for (const cell of cells) line.appendChild(document.createElement("span")).append(cell);
  return line;
}
