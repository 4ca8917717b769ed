// One chart: Vega draws what is drawn once and what moves, painters what is too much for it.

import { rowsOf } from "./frames.js";
import { Cloud, Curves, Edges, Meshes, Trails } from "./paint.js";
import { Rasters } from "./raster.js";

export class Chart {
  constructor(view, place, { hover, pick, trails, clouds, curves, rasters, edges, meshes }, maps) {
    this.view = view;
    this.rasters = new Rasters(place, rasters, maps);
    // The lowest first.
    const lines = levels(trails).map((level) => new Trails(place, level));
    this.edges = new Edges(place, edges);
    const points = [new Meshes(place, meshes), new Cloud(place, clouds), new Curves(place, curves)];
    this.painters = [this.rasters, this.edges, ...lines, ...points];
    // Data sets that are not for Vega.
    this.painted = new Set([...curves, ...rasters, ...edges].map(({ name }) => name));
    this.hover = hover; // what stands under the pointer: { fields: { column: label } }
    this.pick = pick; // whether a click picks a point
    this.trails = trails; // its lines, for their colours
    this.frames = null; // of the run on screen
    this.settings = null; // what came with a run and is not drawn yet: { values, tables }
    this.moved = null; // told of each frame on screen
  }

  /** Parameters and data sets, name -> Arrow table, that come with a run; drawn with its first frame. */
  settle(values, tables) { this.settings = { values, tables }; }

  show(frames, index, until) {
    this.apply();
    if (frames !== this.frames) this.clear();
    this.frames = frames;
    this.view.data("now", [frames.now(index)]).signal("frame", index).signal("until", until).run();
    for (const painter of this.painters) painter.paint(this.view, frames, index);
    this.moved?.();
  }

  apply() {
    if (!this.settings) return;
    const { view, settings: { values, tables } } = this;
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    for (const [name, table] of tables) if (!this.painted.has(name)) view.data(name, rowsOf(table));
    for (const painter of this.painters) painter.settle?.(tables);
    this.settings = null;
    this.clear();
    view.resize(); // other numbers on the axes take other room
  }

  clear() { for (const painter of this.painters) painter.clear(); }

  /** Curves that stay while the run moves. */
  keep(still) { for (const painter of this.painters) painter.keep?.(still); }

  fit(width, height) {
    this.view.signal("width", width).signal("height", height).resize().run();
    this.clear();
  }
}

/** Lines in groups, the lowest first: what runs along another, as an outline does, lies on a canvas of its own. */
function levels(trails) {
  const found = [[]];
  for (const trail of trails) {
    const level = found.findIndex((others) => !others.some(({ x, y }) => x === trail.x && y === trail.y));
    if (level < 0) found.push([trail]);
    else found[level].push(trail);
  }
  return found;
}

/** Make a chart in `place`; returns it with a way to be rid of it. */
export async function makeChart(place, { spec, ...rest }, vega, config, maps) {
  const embed = await loadVega(vega);
  const { view, finalize } = await embed(place, spec, { mode: "vega", actions: false, renderer: "canvas", config });
  return { chart: new Chart(view, place, rest, maps), finalize };
}

let loading = null;

function loadVega(address) {
  loading ??= import(new URL(address, document.baseURI).href).then(
    () => window.vegaEmbed,
    (error) => {
      loading = null; // the next chart tries again
      throw error;
    },
  );
  return loading;
}
