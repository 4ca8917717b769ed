// The player: keeps the frames it was sent, moves charts through them, and asks for more before it runs out.
// Python (player.py) answers; nothing here waits for it. Documented contract: docs/architecture.md.

const AHEAD_SECONDS = 2; // ask when less than this is left to play
const CHUNK_SECONDS = 4; // and for this much
const SMALLEST_CHUNK = 60;
const LARGEST_CHUNK = 2500;
const PATIENCE_MS = 2000; // an unanswered request is sent again after this
const LAST_PATIENCE_MS = 5000; // and an unanswered change of the run given up after this
const FULL_RUN_SECONDS = 10; // a run plays in about this at 1x
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 100];
const LARGEST_DRAWN = 1e300; // Infinity would blank a chart
const REMEMBERED_PAGES = 8;
const REST_MS = 500; // the server is told the step on screen after so long a rest
const MOST_AHEAD = 30; // frames between the one on screen and a fork
const PALE = 0.35;
const DASHES = { A: [9, 4], B: [2, 3], C: [9, 4, 2, 4], D: [14, 6] };
const DOT = 2.6; // radius, of a path with a dot at every frame
const MOST_DOTS = 200;
const POINT = 2; // side of a cloud's point
const GAP = 14; // between the pointer and what it shows

const ICONS = {
  "player-restart": "M5 4h2.5v16H5zM20 4v16L9 12z",
  "player-back": "M14.5 5 7 12l7.5 7 1.8-1.9L10.7 12l5.6-5.1z",
  "player-play": "M7 4v16l13-8z",
  pause: "M6 4h4.5v16H6zM13.5 4H18v16h-4.5z",
  "player-forward": "M9.5 5 17 12l-7.5 7-1.8-1.9 5.6-5.1-5.6-5.1z",
  "player-end": "M4 4v16l11-8zM16.5 4H19v16h-2.5z",
};

// Streamlit adds an entry to the browser's history at each changed setting; Back should leave the page.
const push = history.pushState;
history.pushState = function pushState(state, title, url) {
  const same = url && new URL(url, location.href).pathname === location.pathname;
  return (same ? history.replaceState : push).call(this, state, title, url);
};

let vegaLoading;
function loadVega(address) {
  vegaLoading ??= import(new URL(address, document.baseURI).href).then(
    () => window.vegaEmbed,
    (error) => { vegaLoading = undefined; throw error; },
  );
  return vegaLoading;
}

/** Four significant digits; `number` in theme.py writes them the same way. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size >= LARGEST_DRAWN) return `${sign}∞`;
  if (size === 0) return "0";
  const [mantissa, exponent] = size.toExponential(3).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) {
    const [whole, decimals] = Number(size.toPrecision(4)).toFixed(Math.max(3 - power, 0)).split(".");
    return sign + whole + (decimals ? `.${decimals}` : "");
  }
  const raised = String(power).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  return `${sign}${mantissa}\u2009×\u200910${raised}`;
}

/** The frames of one recording, as far as they have come. */
class Frames {
  constructor({ recording, total, last, every, course }) {
    Object.assign(this, { recording, total, last, every, course, known: 0, columns: new Map(), error: null });
    this.wide = new Map(); // name -> a Float32Array for each frame
  }

  /** How many frames a run has in common with this one: up to the step where their courses part. */
  shared({ course, every }) {
    if (every !== this.every) return 0;
    const leg = (legs, i) => legs[i] ?? [Infinity];
    for (let i = 0; ; i += 1) {
      const [[mine, config], [theirs, other]] = [leg(this.course, i), leg(course, i)];
      if (mine === theirs && config === other && mine !== Infinity) continue;
      const parted = i === 0 ? -1 : Math.min(mine, theirs);
      return Math.min(this.known, Math.floor(parted / every) + 1);
    }
  }

  /** Whether these are the columns that an answer has: another view of a run has others. */
  fits(table) {
    const names = [...this.columns.keys(), ...this.wide.keys()];
    return names.length === table.schema.fields.length && table.schema.fields.every(({ name }) => names.includes(name));
  }

  /** Begin with the first `count` frames of another run. */
  take(other, count) {
    for (const [name, values] of other.wide) this.wide.set(name, values.slice(0, count));
    for (const [name, values] of other.columns) {
      this.columns.set(name, new Float64Array(this.total));
      this.columns.get(name).set(values.subarray(0, Math.min(count, this.total)));
    }
    this.known = count;
  }

  accept(data) {
    this.error = data.error;
    const count = data.frames.numRows;
    if (data.start > this.known || data.start + count <= this.known) return false;
    for (const { name, type } of data.frames.schema.fields) {
      const column = data.frames.getChild(name);
      if (type.byteWidth) {
        if (!this.wide.has(name)) this.wide.set(name, []);
        const cells = this.wide.get(name);
        for (let i = 0; i < count; i += 1) cells[data.start + i] = new Float32Array(column.get(i).slice().buffer);
        continue;
      }
      if (!this.columns.has(name)) this.columns.set(name, new Float64Array(this.total));
      this.columns.get(name).set(column.toArray(), data.start);
    }
    this.known = data.start + count;
    return true;
  }

  get complete() { return this.known >= this.total || this.error !== null; }

  step(index) { return Math.min(index * this.every, this.last); }

  row(index, prefix = "") {
    const row = prefix ? {} : { frame: index };
    for (const [name, values] of this.columns) {
      row[prefix + name] = drawable(values[index]);
    }
    return row;
  }

  /** The frame on screen, with the one before it as before_<column>. */
  now(index) {
    return { ...this.row(index), ...(index > 0 ? this.row(index - 1, "before_") : {}) };
  }
}

const drawable = (value) => (Number.isNaN(value) ? null : Math.max(-LARGEST_DRAWN, Math.min(LARGEST_DRAWN, value)));

/** The rows of an Arrow table of numbers. */
function rowsOf(table) {
  const columns = table.schema.fields.map(({ name }) => [name, table.getChild(name).toArray()]);
  return Array.from({ length: table.numRows }, (_, i) =>
    Object.fromEntries(columns.map(([name, values]) => [name, drawable(values[i])])));
}

/** Lines up to the frame on screen, painted stroke by stroke: Vega would draw all of each at every frame. */
class Trails {
  still = []; // curves that do not move: { columns, length, letter, ink }, of pins and of the run before a fork

  constructor(place, trails) {
    this.trails = trails;
    this.canvas = place.appendChild(document.createElement("canvas"));
    this.canvas.className = "trails";
    this.clear();
  }

  clear() { this.end = -1; }

  paint(view, frames, index) {
    if (!this.trails.length) return;
    if (index < this.end || this.end < 0) this.prepare(view);
    const pen = this.canvas.getContext("2d");
    const fewDots = frames.total <= MOST_DOTS;
    for (const { x, y, colour, width, dots } of this.trails) {
      const [across, up] = [frames.columns.get(x), frames.columns.get(y)];
      if (!across || !up) continue; // until the charts of another view are there
      Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: width });
      this.stroke(view, across, up, Math.max(this.end, 0), index, dots && fewDots);
    }
    this.end = index;
  }

  /** One line through the points `from` to `to`; returns where it ended inside the plot, or null. */
  stroke(view, across, up, from, to, dots = false) {
    const pen = this.canvas.getContext("2d");
    const [x, y] = [view.scale("x"), view.scale("y")];
    const within = (value) => Math.max(-1e5, Math.min(1e5, value)); // a canvas counts in 32 bits
    // On a logarithmic axis a line to its lower end says "below", 0 above all; one along it would say "there". `theory`
    // in charts.py does the same.
    const end = y.type === "log" ? y.domain()[0] : -Infinity;
    const height = (value) => (value < end ? view.height() : within(y(drawable(value))));
    let last = null; // where the pen is
    let seen = null;
    const places = [];
    pen.beginPath();
    for (let i = from; i <= to; i += 1) {
      const along = i > 0 && up[i] < end && up[i - 1] < end;
      if (along || Number.isNaN(across[i]) || Number.isNaN(up[i])) { last = null; continue; }
      const [left, top] = [within(x(drawable(across[i]))), height(up[i])];
      const inside = top >= 0 && top <= view.height() && left >= 0 && left <= view.width();
      // A stroke from outside to outside says nothing; a diverging run would fill the picture with them.
      if (last && (inside || last.inside)) pen.lineTo(left, top);
      else pen.moveTo(left, top);
      last = { inside };
      if (inside) {
        seen = [left, top];
        if (dots) places.push(seen);
      }
    }
    pen.stroke();
    for (const [left, top] of places) {
      pen.beginPath();
      pen.arc(left, top, DOT, 0, 2 * Math.PI);
      pen.fill();
    }
    return seen;
  }

  paintStill(view) {
    const pen = this.canvas.getContext("2d");
    for (const { columns, length, letter, ink } of this.still) {
      for (const { x, y, colour, width } of this.trails) {
        const [across, up] = [columns.get(x), columns.get(y)];
        if (!across || !up) continue; // a pin of a run of another shape, or seen in another view
        pen.save();
        pen.globalAlpha = letter ? 0.85 : PALE;
        Object.assign(pen, { strokeStyle: ink ?? colour, lineWidth: letter ? 2 : width });
        if (letter) pen.setLineDash(DASHES[letter]);
        const end = this.stroke(view, across, up, 0, length - 1);
        if (letter && end) {
          Object.assign(pen, { fillStyle: ink, font: "bold 13px sans-serif" });
          pen.fillText(letter, Math.min(end[0] + 4, view.width() - 10), Math.max(end[1] - 6, 10));
        }
        pen.restore();
      }
    }
  }

  prepare(view) {
    const pen = prepared(this.canvas, view);
    pen.lineJoin = "round";
    pen.lineCap = "round";
    this.paintStill(view);
    this.end = -1;
  }
}

/** An empty canvas over the plot: pen in its coordinates, clipped to it. */
function prepared(canvas, view) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  const { left, top } = view.padding();
  pen.scale(ratio, ratio);
  pen.translate(view.origin()[0] + left, view.origin()[1] + top);
  pen.beginPath();
  pen.rect(0, -2, view.width(), view.height() + 4);
  pen.clip();
  return pen;
}

/** Points of which there are too many for Vega: all p, then all q of a frame, in the colours in turn. */
class Cloud {
  constructor(place, clouds) {
    this.clouds = clouds;
    if (!clouds.length) return;
    this.canvas = place.appendChild(document.createElement("canvas"));
    this.canvas.className = "trails";
  }

  paint(view, frames, index) {
    const cells = frames.wide.get("cloud")?.[index];
    for (const colours of cells ? this.clouds : []) {
      const pen = prepared(this.canvas, view);
      const [x, y] = [view.scale("x"), view.scale("y")];
      const n = cells.length / 2;
      colours.forEach((colour, part) => {
        pen.fillStyle = colour;
        for (let k = part; k < n; k += colours.length) {
          pen.fillRect(x(cells[k]) - POINT / 2, y(cells[n + k]) - POINT / 2, POINT, POINT);
        }
      });
    }
  }
}

/** One chart: Vega draws what is drawn once and what moves, trails and clouds are painted over it. */
class Chart {
  constructor(view, { hover, pick }, trails, cloud) {
    this.view = view;
    this.hover = hover;
    this.pick = pick;
    this.trails = trails;
    this.cloud = cloud;
    this.frames = null;
    this.settings = null;
  }

  /** Parameters and data sets that come with a run; drawn with its first frame. */
  settle(values, sets) { this.settings = { values, sets }; }

  show(frames, index, until) {
    const { view } = this;
    if (this.settings) {
      for (const [name, value] of Object.entries(this.settings.values)) view.signal(name, value);
      for (const [name, rows] of Object.entries(this.settings.sets)) view.data(name, rows());
      this.settings = null;
      this.trails.clear();
      view.resize(); // other numbers on the axes take other room
    }
    if (frames !== this.frames) this.trails.clear();
    this.frames = frames;
    view.data("now", [frames.now(index)]).signal("frame", index).signal("until", until).run();
    this.trails.paint(view, frames, index);
    this.cloud.paint(view, frames, index);
  }

  /** Curves that stay while the run moves. */
  keep(still) {
    this.trails.still = still;
    this.trails.clear();
  }

  fit(width, height) {
    this.view.signal("width", width).signal("height", height).resize().run();
    this.trails.clear();
  }
}

/** Where a tip stands beside a point of its box: right of it or else left, or above it, and inside. */
function beside(x, y, { offsetWidth: width, offsetHeight: height }, { clientWidth, clientHeight }) {
  const inside = (place, size, room) => Math.max(0, Math.min(place, room - size));
  const middle = inside(y - height / 2, height, clientHeight);
  if (x + GAP + width <= clientWidth) return [x + GAP, middle];
  if (x - GAP - width >= 0) return [x - GAP - width, middle];
  return [inside(x - width / 2, width, clientWidth), inside(y - GAP - height, height, clientHeight)];
}

const memory = new Map(); // key -> { frames, position, speed }: survives leaving the page
function remember(key, entry) {
  memory.delete(key);
  memory.set(key, entry);
  if (memory.size > REMEMBERED_PAGES) memory.delete(memory.keys().next().value);
}

class Player {
  constructor(root) {
    this.root = root;
    this.position = 0; // in frames; the whole part is on screen
    this.drawn = -1;
    this.playing = false;
    this.target = null; // a frame to reach that has not come yet
    this.holding = false; // the old picture stays until the frame to reach has come
    this.changing = false; // charts of another kind are being made: the old ones stay until then
    this.trouble = ""; // what went wrong, in words
    this.speed = 1;
    this.charts = [];
    this.embedding = 0;
    this.request = null; // { number, sent }
    this.number = 0;
    this.pending = null; // a fork or restart that the server has not answered: { name, frame, sent, first }
    this.roundTrip = 0.25; // seconds from a fork to its answer
    this.tick = this.tick.bind(this);
    this.onKey = this.onKey.bind(this);
    this.bind();
  }

  find(name) { return this.root.querySelector(`[data-testid="${name}"]`); }

  bind() {
    for (const name of Object.keys(ICONS)) if (name !== "pause") this.icon(name, ICONS[name]);
    const on = (name, act) => { this.find(name).onclick = act; };
    on("player-play", () => this.toggle());
    on("player-restart", () => this.restart());
    on("player-end", () => this.jump(this.frames.total - 1));
    on("player-back", () => this.jump(this.shown - 1));
    on("player-forward", () => this.jump(this.shown + 1));
    this.scrub = this.find("player-scrub");
    this.scrub.oninput = () => this.jump(Number(this.scrub.value));
    const speed = this.find("player-speed");
    for (const value of SPEEDS) speed.add(new Option(`${value}×`, value, value === 1, value === 1));
    speed.onchange = () => { this.speed = Number(speed.value); this.wake(); };
    document.addEventListener("keydown", this.onKey);
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this.root.querySelector(".charts"));
  }

  icon(name, path) {
    this.find(name).innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
  }

  get shown() { return Math.floor(this.position); }

  get framesPerSecond() { return Math.min(60, Math.max(2, this.frames.total / FULL_RUN_SECONDS)) * this.speed; }

  /** New arguments from Streamlit: the first mount, an answer, a changed run, a changed theme. */
  update({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    if (this.request && data.number >= this.request.number) this.request = null;
    const first = !this.frames;
    if (first) this.recall(data);
    const { recording } = this.frames ?? {};
    const known = recording === data.recording && this.frames.fits(data.frames) ? this.frames.known : this.begin(data);
    const arrived = this.frames.accept(data);
    if (data.charts) this.pictures = data;
    this.consider(data);
    this.signed = Object.keys(data.address);
    if (data.heard) this.sign(data.address);
    const dark = this.isDark();
    const look = this.pictures && JSON.stringify(this.pictures.charts.map(({ spec }) => spec)) + dark;
    if (look && look !== this.look) {
      // Nothing of the new run is in the old charts: they stay as they are until the new ones are there.
      this.changing = known === 0 && this.charts.length > 0;
      this.embed(look, dark);
    } else if (data.charts) this.settle();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (first && !data.at && still) this.target = this.frames.total - 1;
    if (data.play > (this.played ?? data.play)) this.perform(still);
    this.played = data.play;
    if (arrived || data.charts) this.draw(true);
    this.wake();
  }

  /** A preset or an experiment: from the start, by itself, unless its visitor wants nothing to move. */
  perform(still) {
    this.pending = null;
    this.holding = false;
    this.position = 0;
    this.target = null;
    if (!still) this.start();
    else this.jump(this.frames.total - 1);
  }

  /** Hand each chart the numbers that came with the run. */
  settle() {
    this.charts.forEach((chart, i) => {
      const { values, data } = this.pictures.charts[i] ?? { values: {}, data: {} };
      const sets = Object.entries(data).map(([name, key]) => [name, () => rowsOf(this.pictures[key])]);
      chart.settle(values, Object.fromEntries(sets));
    });
    this.keepStill();
    const captions = this.root.querySelectorAll("figcaption");
    this.pictures.charts.forEach(({ title }, i) => { if (captions[i]) captions[i].textContent = title; });
  }

  /**
   * A changed setting waits to be told from which frame on it holds: the one on screen or, while playing, the one that
   * will be there when the answer comes. Play goes on to that frame and no further.
   */
  consider({ proposal, heard }) {
    this.heard = heard;
    if (this.pending?.name === "fork" && !proposal) this.pending = null;
    if (!proposal || this.pending || !this.frames.known) return;
    const ahead = this.playing ? Math.min(MOST_AHEAD, Math.ceil(this.roundTrip * this.framesPerSecond)) : 0;
    const here = this.target ?? this.shown;
    const last = Math.max(here, Math.min(this.frames.known - 1, this.frames.total - 2));
    this.pending = { name: "fork", frame: Math.min(here + ahead, last), sent: -Infinity };
  }

  /** Write the course and the step at rest into the page's address, and leave the controls there as they are. */
  sign(address) {
    const url = new URL(location.href);
    for (const [name, text] of Object.entries(address)) {
      if (text) url.searchParams.set(name, text);
      else url.searchParams.delete(name);
    }
    if (url.search !== location.search) history.replaceState(history.state, "", url);
  }

  recall({ key, recording, at, every }) {
    this.key = key;
    const kept = memory.get(key);
    if (!kept) {
      if (at) this.target = Math.floor(at / every);
      return;
    }
    this.speed = kept.speed;
    this.find("player-speed").value = String(kept.speed);
    if (kept.frames.recording === recording) {
      this.frames = kept.frames;
      this.setLast();
    }
    this.target = kept.position;
  }

  /** Turn to another run, or to another view of this one; returns how many frames it shares with what was there. */
  begin(data) {
    const before = this.frames;
    const place = before ? this.target ?? this.position : this.target ?? 0;
    this.frames = new Frames(data);
    this.request = null;
    if (this.pending?.sent > 0) this.roundTrip = Math.min(1, (performance.now() - this.pending.sent) / 1000);
    // A restart that was pressed while a fork was under way is still wanted of the run that the fork made.
    const restarts = this.pending?.name === "restart" && data.course.length > 1;
    this.pending = restarts ? { name: "restart", frame: 0, sent: -Infinity } : null;
    this.drawn = -1;
    this.trouble = "";
    const common = before?.fits(data.frames) ? before.shared(this.frames) : 0;
    if (common) this.frames.take(before, common);
    // The new run is shown at the same place: what is common is known, the old picture stays until the rest has come.
    const { known, total } = this.frames;
    this.holding = Math.floor(place) >= known;
    this.position = this.holding ? Math.max(known - 1, 0) : place;
    this.target = this.holding ? Math.min(Math.floor(place), total - 1) : null;
    this.setLast();
    return common;
  }

  /** Hand the charts the curves that do not move: pinned ones, and pale what a fork cut off. */
  keepStill() {
    const still = this.pictures.still.map(({ letter, ink, frames }) => {
      const table = this.pictures[frames];
      const columns = new Map(table.schema.fields.map(({ name }) => [name, table.getChild(name).toArray()]));
      return { columns, length: table.numRows, letter, ink };
    });
    for (const chart of this.charts) chart.keep(still);
  }

  setLast() {
    this.scrub.max = String(Math.max(this.frames.total - 1, 1));
    this.find("player-last").textContent = this.frames.last;
    this.find("player-step").style.minWidth = `${String(this.frames.last).length}ch`;
  }

  isDark() {
    const colour = getComputedStyle(this.root.host).getPropertyValue("--st-background-color");
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = colour || "#fff";
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return red + green + blue < 384;
  }

  /** Make the charts anew beside the old ones, then swap: nothing blinks. */
  async embed(look, dark) {
    const { charts, themes } = this.pictures;
    this.look = look;
    const turn = ++this.embedding;
    const area = this.root.querySelector(".charts");
    area.dataset.count = String(charts.length);
    const font = getComputedStyle(this.root.host).getPropertyValue("--st-font") || "sans-serif";
    try {
      const vegaEmbed = await loadVega(this.pictures.vega);
      const made = await Promise.all(charts.map(async ({ spec, trails, clouds, ...can }, index) => {
        const figure = area.children[index];
        const box = figure.querySelector(".canvas");
        const place = document.createElement("div");
        place.className = "waiting";
        box.appendChild(place);
        const axis = { ...themes[dark ? "dark" : "light"], labelFont: font, titleFont: font };
        const result = await vegaEmbed(place, spec, {
          mode: "vega", actions: false, renderer: "canvas", config: { axis, text: { font } },
        });
        return { place, box, figure, result, chart: new Chart(result.view, can, new Trails(place, trails), new Cloud(place, clouds)) };
      }));
      if (turn !== this.embedding) {
        for (const { place, result } of made) { result.finalize(); place.remove(); }
        return;
      }
      for (const { result } of this.embedded ?? []) result.finalize();
      this.embedded = made;
      this.charts = made.map(({ chart }) => chart);
      this.changing = false;
      this.settle();
      this.draw(true);
      for (const { place, box, figure, chart } of made) {
        for (const old of [...box.children]) if (old !== place) old.remove();
        place.className = "";
        this.watch(figure, box, chart);
      }
      this.describe();
    } catch (error) {
      console.error(error);
      this.trouble = "The charts could not be drawn. Reload the page to try again.";
      this.note("");
      this.look = null;
      this.changing = false;
    }
  }

  fit() {
    let changed = false;
    for (const { box, chart } of this.embedded ?? []) {
      const { clientWidth: width, clientHeight: height } = box;
      if (width > 0 && (box.dataset.size !== `${width} ${height}`)) {
        if (box.dataset.size) chart.fit(width, height);
        box.dataset.size = `${width} ${height}`;
        changed = true;
      }
    }
    if (changed) this.draw(true);
  }

  /** Values under the pointer; a click on a chart of steps goes there, on a plane it picks the point. */
  watch(figure, box, chart) {
    if (chart.pick) {
      box.classList.add("pick");
      box.onclick = (event) => {
        const { view } = chart;
        const place = box.getBoundingClientRect();
        const left = event.clientX - place.left - view.origin()[0] - view.padding().left;
        const top = event.clientY - place.top - view.origin()[1] - view.padding().top;
        if (left < 0 || top < 0 || left > view.width() || top > view.height()) return;
        this.say("pick", { x: view.scale("x").invert(left), y: view.scale("y").invert(top) });
        const { playing } = this;
        this.jump(0);
        if (playing) this.start();
      };
    }
    if (!chart.hover) return;
    let tip;
    const lineOf = (...cells) => {
      const line = document.createElement("div");
      for (const cell of cells) line.appendChild(document.createElement("span")).append(cell);
      return line;
    };
    const sample = (colour) => {
      const line = document.createElement("i");
      line.style.background = colour;
      return line;
    };
    const colours = new Map(chart.trails.trails.map(({ y, colour }) => [y, colour]));
    const frameAt = (event) => {
      const { view } = chart;
      const x = event.clientX - box.getBoundingClientRect().left - view.origin()[0] - view.padding().left;
      if (x < -4 || x > view.width() + 4 || !this.frames.known) return null;
      const step = view.scale("x").invert(x);
      return Math.max(0, Math.min(this.frames.known - 1, Math.round(step / this.frames.every)));
    };
    box.onpointermove = (event) => {
      const index = frameAt(event);
      if (index === null) { box.onpointerleave(); return; }
      if (!tip) { tip = box.appendChild(document.createElement("div")); tip.className = "tip"; }
      const row = this.frames.row(Math.min(index, this.shown));
      const lines = Object.entries(chart.hover.fields).map(([field, label]) =>
        lineOf(sample(colours.get(field)), label, number(row[field])));
      const head = document.createElement("header");
      head.textContent = `update ${row.step}`;
      tip.replaceChildren(head, ...lines);
      const { left, top } = box.getBoundingClientRect();
      const [x, y] = beside(event.clientX - left, event.clientY - top, tip, box);
      Object.assign(tip.style, { left: `${x}px`, top: `${y}px` });
    };
    box.onpointerleave = () => { tip?.remove(); tip = null; };
    box.onclick = (event) => { const index = frameAt(event); if (index !== null) this.jump(index); };
  }

  toggle() {
    if (this.playing) this.pause();
    else {
      if (this.shown >= this.frames.total - 1) this.restart();
      this.target = null;
      this.start();
    }
  }

  /** Back to the start; a run whose settings changed on the way begins anew with those of now. */
  restart() {
    this.jump(0);
    if (this.frames.course.length > 1) this.pending = { name: "restart", frame: 0, sent: -Infinity };
  }

  /** Tell the server something about this run. */
  say(name, { frame = this.shown, ...more } = {}) {
    const { recording } = this.frames;
    this.send(name, { recording, turn: this.pictures.turn, step: this.frames.step(frame), ...more });
  }

  /** Tell it the step on screen, once the picture has rested: for the link. */
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.playing || this.target !== null || !this.frames.known || !this.pictures) return;
      const told = `${this.frames.recording} ${this.shown}`;
      if (told !== this.told) this.say("at");
      this.told = told;
    }, REST_MS);
  }

  start() {
    this.playing = true;
    this.icon("player-play", ICONS.pause);
    this.find("player-play").setAttribute("aria-label", "Pause");
    this.before = undefined;
    clearTimeout(this.resting);
    this.draw();
    this.wake();
  }

  pause() {
    this.playing = false;
    this.icon("player-play", ICONS["player-play"]);
    this.find("player-play").setAttribute("aria-label", "Play");
    this.describe();
    this.rest();
  }

  /** Go to a frame and wait there; one that has not come yet is reached when it has. */
  jump(index) {
    const wanted = Math.max(0, Math.min(index, this.frames.total - 1));
    if (this.playing) this.pause();
    this.position = Math.max(0, Math.min(wanted, this.frames.known - 1));
    this.target = wanted > this.position ? wanted : null;
    this.draw();
    this.describe();
    this.wake();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const origin = event.composedPath()[0];
    const inside = event.composedPath().includes(this.root);
    const busy = origin.closest?.("input, textarea, select, button, a, [role=slider], [role=tab], [contenteditable]");
    if (busy && (!inside || event.key === " " || busy.matches("select"))) return;
    const acts = {
      " ": () => this.toggle(),
      ArrowRight: () => this.jump(this.shown + 1),
      ArrowLeft: () => this.jump(this.shown - 1),
      Home: () => this.restart(),
      End: () => this.jump(this.frames.total - 1),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** The animation loop; it sleeps when there is nothing to move and nothing to wait for. */
  wake() {
    this.loop ??= requestAnimationFrame(this.tick);
  }

  tick(time) {
    this.loop = null;
    if (!this.root.isConnected) return;
    const passed = this.before === undefined ? 0 : Math.min(time - this.before, 250) / 1000;
    this.before = time;
    const reachable = this.frames.known - 1;
    if (this.changing) this.before = undefined;
    else if (this.target !== null) {
      this.position = Math.max(0, Math.min(this.target, reachable));
      if (this.position >= this.target || this.frames.complete) this.target = null;
      if (this.target === null) this.describe();
    } else if (this.playing) {
      const end = Math.min(reachable, this.pending?.frame ?? reachable);
      this.position = Math.min(this.position + passed * this.framesPerSecond, Math.max(end, this.position));
      if (this.position >= reachable && this.frames.complete) this.pause();
    }
    this.draw();
    this.ask(time);
    if (this.playing || this.target !== null || this.changing || this.request || this.pending || !this.heard) this.wake();
    else this.before = undefined;
  }

  ask(time) {
    const { frames, pending } = this;
    // Until the server knows that somebody plays this run, it would fork at the step in the link.
    if (!this.heard && this.drawn >= 0 && this.pictures && !(time - this.hello < PATIENCE_MS)) {
      this.hello = time;
      const address = new URL(location.href).searchParams;
      this.say("at", { course: address.get(this.signed.find((name) => name.endsWith(".course"))) ?? "" });
    }
    if (pending && this.pictures && frames.known && time - pending.sent > PATIENCE_MS) {
      pending.first ??= time;
      pending.sent = time;
      if (time - pending.first < LAST_PATIENCE_MS) this.say(pending.name, { frame: pending.frame });
      else {
        // Whatever got lost between browser and server: play must move, and the page say why it moves as it does.
        this.pending = null;
        this.trouble = "The server has not answered: this is the run before the last change. Reload the page to see both agree.";
      }
    }
    if (frames.complete) return this.note(frames.error ? `The run stopped: ${frames.error}` : "");
    const needed = this.target !== null
      ? this.target + 1 - frames.known
      : this.position + AHEAD_SECONDS * this.framesPerSecond - frames.known;
    if (this.target !== null || (this.playing && this.position >= frames.known - 1)) {
      this.note(`Computing: ${Math.floor((100 * frames.known) / frames.total)} %`);
    } else this.note("");
    if (needed <= 0 || (this.request && time - this.request.sent < PATIENCE_MS)) return;
    const wanted = this.target !== null ? this.target + 1 - frames.known : CHUNK_SECONDS * this.framesPerSecond;
    this.number += 1;
    this.request = { number: this.number, sent: time };
    this.send("more", {
      recording: frames.recording,
      turn: this.pictures.turn,
      start: frames.known,
      count: Math.ceil(Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, wanted))),
      number: this.number,
    });
    this.wake();
  }

  draw(again = false) {
    if (this.target !== null && this.target < this.frames.known) {
      this.position = this.target;
      this.target = null;
    }
    const index = this.shown;
    if (this.changing || !this.frames.known || (!again && index === this.drawn)) return;
    if (this.holding && this.target !== null && !this.frames.complete) return;
    this.holding = false;
    this.drawn = index;
    const until = { shown: LARGEST_DRAWN, "up to now": this.frames.step(index) }[this.pictures?.prediction] ?? -1;
    for (const chart of this.charts) chart.show(this.frames, index, until);
    this.find("player-step").textContent = this.frames.step(index);
    this.scrub.value = String(index);
    const part = 100 / Math.max(this.frames.total - 1, 1);
    this.scrub.style.setProperty("--shown", `${index * part}%`);
    this.scrub.style.setProperty("--known", `${(this.frames.known - 1) * part}%`);
    this.read(index);
    remember(this.key, { frames: this.frames, position: index, speed: this.speed });
    if (this.playing) return;
    this.rest();
    if (this.target === null) this.describe();
  }

  read(index) {
    if (!this.pictures) return;
    const { readouts } = this.pictures; // the settings of the update that led here
    const { start, moving } = readouts.findLast(({ since }) => since < this.frames.step(index)) ?? readouts[0];
    this.find("player-readout").textContent = this.fill(index === 0 ? start : moving, index);
  }

  fill(template, index) {
    const now = this.frames.now(index);
    return template.replace(/\{(\w+)\}/g, (_, name) => (name === "step" ? String(now.step) : number(now[name])));
  }

  /** Alternative text from the data; only when the picture rests, or a screen reader would never fall silent. */
  describe() {
    for (const [i, { figure }] of (this.embedded ?? []).entries()) {
      const box = figure.querySelector(".canvas");
      box.setAttribute("role", "img");
      if (this.frames.known) box.setAttribute("aria-label", this.fill(this.pictures.charts[i].description, this.shown));
    }
    const [step, last] = [this.frames.step(this.shown), this.frames.last];
    const scrub = this.frames.known ? `update ${step} of ${last}` : "";
    this.scrub.setAttribute("aria-valuetext", scrub);
  }

  note(text) {
    const several = this.frames.every > 1 ? `1 frame = ${this.frames.every} updates` : "";
    const line = [this.trouble, text, several].filter(Boolean).join(" · ");
    const place = this.find("player-note");
    if (place.textContent !== line) place.textContent = line;
  }

  remove() {
    cancelAnimationFrame(this.loop);
    clearTimeout(this.resting);
    document.removeEventListener("keydown", this.onKey);
    this.resized.disconnect();
    for (const { result } of this.embedded ?? []) result.finalize();
  }
}

const players = new WeakMap(); // shadow root -> Player

export function mount(component) {
  const { parentElement: root } = component;
  if (!players.has(root)) players.set(root, new Player(root));
  players.get(root).update(component);
}

/** The frames that a player has, name -> numbers: for the tests. */
export function columnsOf(root) {
  const { known, columns } = players.get(root).frames;
  return Object.fromEntries([...columns].map(([name, values]) => [name, [...values.subarray(0, known)]]));
}

/** Streamlit also cleans up while the player stays on the page; only a player that has left it is removed. */
export function unmount(root) {
  if (root.isConnected) return;
  players.get(root)?.remove();
  players.delete(root);
}
