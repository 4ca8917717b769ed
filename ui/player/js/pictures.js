// The charts of a player, made anew when another view or theme needs others.

import { makeChart } from "./chart.js";
import { columnsIn } from "./frames.js";
import { LARGEST_DRAWN } from "./numbers.js";

export class Pictures {
  constructor(area) {
    this.area = area; // the element around the figures
    this.data = null; // what came with the run: charts, their numbers, words, colours
    this.made = []; // { chart, finalize, place, box }: the charts on screen and where they stand
    this.look = null; // what they were made of
    this.next = null; // others that are made, and wait for the first frame
    this.makings = 0; // a later one overtakes
    this.changing = false; // others are to come for a run of which these can show nothing
  }

  /** Whether the charts on screen are not those of this run and theme. */
  differ(dark) { return this.data !== null && this.lookOf(dark) !== this.look; }

  lookOf(dark) { return JSON.stringify(this.data.charts.map(({ spec }) => spec)) + dark; }

  /** Make the charts anew beside the old ones, as `next`. */
  async make(dark, font) {
    this.look = this.lookOf(dark);
    this.next?.forEach(drop);
    this.next = null;
    this.makings += 1;
    const turn = this.makings;
    this.area.dataset.count = String(this.data.charts.length);
    const { charts, themes, vega } = this.data;
    const look = dark ? "dark" : "light";
    const axis = { ...themes[look], labelFont: font, titleFont: font };
    const { labelColor, titleColor } = axis;
    const maps = this.data.maps?.[look];
    const config = { axis, text: { font }, range: rangesOf(maps) };
    config.legend = { labelColor, titleColor, labelFont: font, titleFont: font };
    const made = await Promise.all(charts.map(async (chart, index) => {
      const box = this.area.children[index].querySelector(".canvas");
      const place = box.appendChild(document.createElement("div"));
      place.className = "waiting";
      return { place, box, ...(await makeChart(place, chart, vega, config, maps)) };
    }));
    if (turn === this.makings) this.next = made;
    else made.forEach(drop);
  }

  /** Put the next charts in the place of the old ones: nothing blinks. `shown` draws into them before. */
  swap(shown) {
    const made = this.next;
    this.next = null;
    this.finalize();
    this.made = made;
    this.changing = false;
    this.settle();
    shown();
    for (const left of [...this.area.children].slice(made.length)) left.remove(); // another view had more
    for (const { place, box } of made) {
      for (const old of [...box.children]) if (old !== place) old.remove();
      place.className = "";
    }
  }

  /** They could not be made: the next run or theme tries again. */
  failed() {
    this.look = null;
    this.changing = false;
  }

  /** Hand each chart the numbers that came with the run, and the curves that do not move. */
  settle() {
    const { charts } = this.data;
    const still = this.stillCurves();
    this.made.forEach(({ chart }, i) => {
      const { values, data } = charts[i] ?? { values: {}, data: {} };
      chart.settle(values, new Map(Object.entries(data).map(([name, key]) => [name, this.data[key]])));
      chart.keep(still);
    });
    const captions = this.area.querySelectorAll("figcaption");
    charts.forEach(({ caption }, i) => { if (captions[i]) captions[i].innerHTML = caption; }); // escaped by the server
  }

  /** Pinned curves, and pale what a fork cut off. */
  stillCurves() {
    return this.data.still.map(({ letter, ink, frames }) => {
      const table = this.data[frames];
      return { columns: columnsIn(table), length: table.numRows, letter, ink };
    });
  }

  show(frames, index) {
    const until = { shown: LARGEST_DRAWN, "up to now": frames.step(index) }[this.data?.prediction] ?? -1;
    for (const { chart } of this.made) chart.show(frames, index, until);
  }

  /** Fill the places that the charts have; returns whether any has changed. */
  fit() {
    let changed = false;
    for (const { box, chart } of this.made) {
      const { clientWidth: width, clientHeight: height } = box;
      const size = `${width} ${height}`;
      if (width === 0 || box.dataset.size === size) continue;
      if (box.dataset.size) chart.fit(width, height);
      box.dataset.size = size;
      changed = true;
    }
    return changed;
  }

  /** Alternative text, from each chart's own by `fill`. */
  describe(fill) {
    this.made.forEach(({ box }, i) => {
      box.setAttribute("role", "img");
      const text = fill(this.data.charts[i]?.description ?? ""); // another view may have fewer
      if (text) box.setAttribute("aria-label", text);
    });
  }

  finalize() {
    this.next?.forEach(drop);
    for (const one of this.made) one.finalize();
  }
}

/** Vega's config for the legends of colour maps, as `legends` in colours.py makes it. */
function rangesOf(maps) {
  if (!maps) return {};
  const scheme = (text) => text.match(/.{6}/g).filter((_, i) => i % 2 === 0).map((colour) => `#${colour}`);
  const { sequential, diverging, ink } = maps;
  return { ramp: { scheme: scheme(sequential) }, diverging: { scheme: scheme(diverging) }, heatmap: { scheme: scheme(ink) } };
}

function drop({ finalize, place }) {
  finalize();
  place.remove();
}
