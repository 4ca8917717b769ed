// One chart: Vega draws what is drawn once and what moves, painters what is too much for it.

import { paintersOf } from "./paint.js";

export class Chart {
  constructor(view, painters, { hover, pick, trails }) {
    this.view = view;
    this.painters = painters;
    this.hover = hover; // what stands under the pointer: { fields: { column: label } }
    this.pick = pick; // whether a click picks a point
    this.trails = trails; // its lines, for their colours
    this.frames = null; // of the run on screen
    this.settings = null; // what came with a run and is not drawn yet: { values, sets }
  }

  /** Parameters and data sets that come with a run; drawn with its first frame. */
  settle(values, sets) { this.settings = { values, sets }; }

  show(frames, index, until) {
    this.apply();
    if (frames !== this.frames) this.clear();
    this.frames = frames;
    this.view.data("now", [frames.now(index)]).signal("frame", index).signal("until", until).run();
    for (const painter of this.painters) painter.paint(this.view, frames, index);
  }

  apply() {
    if (!this.settings) return;
    const { view, settings: { values, sets } } = this;
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    for (const [name, rows] of Object.entries(sets)) view.data(name, rows());
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

/** Make a chart in `place`; returns it with a way to be rid of it. */
export async function makeChart(place, { spec, ...rest }, vega, config) {
  const embed = await loadVega(vega);
  const { view, finalize } = await embed(place, spec, { mode: "vega", actions: false, renderer: "canvas", config });
  return { chart: new Chart(view, paintersOf(place, rest), rest), finalize };
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
