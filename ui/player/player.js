// The player: keeps the frames it was sent, moves charts through them, and asks for more before it runs out.
// Python (player.py) answers; nothing here waits for it. Documented contract: docs/architecture.md.

const AHEAD_SECONDS = 2; // ask when less than this is left to play
const CHUNK_SECONDS = 4; // and for this much
const SMALLEST_CHUNK = 60;
const LARGEST_CHUNK = 2500;
const PATIENCE_MS = 2000; // an unanswered request is sent again after this
const FULL_RUN_SECONDS = 10; // a run plays in about this at 1x
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 100];
const LARGEST_DRAWN = 1e300; // Infinity would blank a chart
const REMEMBERED_PAGES = 8;

const ICONS = {
  "player-restart": "M5 4h2.5v16H5zM20 4v16L9 12z",
  "player-back": "M14.5 5 7 12l7.5 7 1.8-1.9L10.7 12l5.6-5.1z",
  "player-play": "M7 4v16l13-8z",
  pause: "M6 4h4.5v16H6zM13.5 4H18v16h-4.5z",
  "player-forward": "M9.5 5 17 12l-7.5 7-1.8-1.9 5.6-5.1-5.6-5.1z",
  "player-end": "M4 4v16l11-8zM16.5 4H19v16h-2.5z",
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
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
    return sign + (decimals ? `${grouped}.${decimals}` : grouped);
  }
  const raised = String(power).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  return `${sign}${mantissa}\u2009×\u200910${raised}`;
}

/** The frames of one recording, as far as they have come. */
class Frames {
  constructor({ recording, total, last, every }) {
    Object.assign(this, { recording, total, last, every, known: 0, columns: new Map(), error: null });
  }

  accept(data) {
    this.error = data.error;
    const count = data.frames.numRows;
    if (data.start > this.known || data.start + count <= this.known) return false;
    for (const { name } of data.frames.schema.fields) {
      if (!this.columns.has(name)) this.columns.set(name, new Float64Array(this.total));
      this.columns.get(name).set(data.frames.getChild(name).toArray(), data.start);
    }
    this.known = data.start + count;
    return true;
  }

  get complete() { return this.known >= this.total || this.error !== null; }

  step(index) { return this.columns.get("step")[index]; }

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
    const scales = { x: view.scale("x"), y: view.scale("y") };
    for (const { x, y, colour, width } of this.trails) {
      const [across, up] = [frames.columns.get(x), frames.columns.get(y)];
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      let last = null; // where the pen is
      for (let i = Math.max(this.end, 0); i <= index; i += 1) {
        const left = scales.x(across[i]);
        const top = Math.max(-1e5, Math.min(1e5, scales.y(drawable(up[i])))); // a canvas counts in 32 bits
        const inside = top >= 0 && top <= view.height();
        // A stroke from outside to outside says nothing; a diverging run would fill the picture with them.
        if (last && (inside || last.inside)) pen.lineTo(left, top);
        else pen.moveTo(left, top);
        last = Number.isNaN(up[i]) ? null : { inside };
      }
      pen.stroke();
    }
    this.end = index;
  }

  /** An empty canvas over the plot: pen in its coordinates, clipped to it. */
  prepare(view) {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    const { left, top } = view.padding();
    pen.scale(ratio, ratio);
    pen.translate(view.origin()[0] + left, view.origin()[1] + top);
    pen.beginPath();
    pen.rect(0, -2, view.width(), view.height() + 4);
    pen.clip();
    pen.lineJoin = "round";
    pen.lineCap = "round";
    this.end = -1;
  }
}

/** One chart: Vega draws what is drawn once and what moves, the trails are painted over it. */
class Chart {
  constructor(view, hover, trails) {
    this.view = view;
    this.hover = hover;
    this.trails = trails;
    this.frames = null;
    this.settings = null;
  }

  /** Parameters and data sets that come with a run; drawn with its first frame. */
  settle(values, sets) { this.settings = { values, sets }; }

  show(frames, index) {
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
    view.data("now", [frames.now(index)]).signal("frame", index).run();
    this.trails.paint(view, frames, index);
  }

  fit(width, height) {
    this.view.signal("width", width).signal("height", height).resize().run();
    this.trails.clear();
  }
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
    this.speed = 1;
    this.charts = [];
    this.embedding = 0;
    this.request = null; // { number, sent }
    this.number = 0;
    this.tick = this.tick.bind(this);
    this.onKey = this.onKey.bind(this);
    this.bind();
  }

  find(name) { return this.root.querySelector(`[data-testid="${name}"]`); }

  bind() {
    for (const name of Object.keys(ICONS)) if (name !== "pause") this.icon(name, ICONS[name]);
    const on = (name, act) => { this.find(name).onclick = act; };
    on("player-play", () => this.toggle());
    on("player-restart", () => this.jump(0));
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
    if (!this.frames || this.frames.recording !== data.recording) this.begin(data);
    const arrived = this.frames.accept(data);
    if (data.charts) {
      this.pictures = data;
      this.settle();
    }
    const dark = this.isDark();
    const look = this.pictures && JSON.stringify(this.pictures.charts.map(({ spec }) => spec)) + dark;
    if (look && look !== this.look) this.embed(look, dark);
    if (first && matchMedia("(prefers-reduced-motion: reduce)").matches) this.target = this.frames.total - 1;
    if (data.play > (this.played ?? data.play)) {
      this.position = 0;
      this.target = null;
      this.start();
    }
    this.played = data.play;
    if (arrived || data.charts) this.draw(true);
    this.wake();
  }

  /** Hand each chart the numbers that came with the run. */
  settle() {
    this.charts.forEach((chart, i) => {
      const { values, data } = this.pictures.charts[i] ?? { values: {}, data: {} };
      const sets = Object.entries(data).map(([name, key]) => [name, () => rowsOf(this.pictures[key])]);
      chart.settle(values, Object.fromEntries(sets));
    });
    const captions = this.root.querySelectorAll("figcaption");
    this.pictures.charts.forEach(({ title }, i) => { if (captions[i]) captions[i].textContent = title; });
  }

  recall({ key, recording }) {
    this.key = key;
    const kept = memory.get(key);
    if (!kept) return;
    this.speed = kept.speed;
    this.find("player-speed").value = String(kept.speed);
    if (kept.frames.recording === recording) {
      this.frames = kept.frames;
      this.setLast();
    }
    this.target = kept.position;
  }

  begin(data) {
    const place = this.frames ? this.target ?? this.shown : this.target ?? 0;
    this.frames = new Frames(data);
    this.request = null;
    this.drawn = -1;
    // Settings changed: the new run is shown at the same place, so that a slider bends the curve under the hand.
    this.position = 0;
    this.target = Math.min(place, data.total - 1);
    this.holding = true; // the old picture stays until that place has come
    this.setLast();
  }

  setLast() {
    this.scrub.max = String(Math.max(this.frames.total - 1, 1));
    this.find("player-last").textContent = String(this.frames.last);
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
      const made = await Promise.all(charts.map(async ({ spec, trails, hover }, index) => {
        const figure = area.children[index];
        const box = figure.querySelector(".canvas");
        const place = document.createElement("div");
        place.className = "waiting";
        box.appendChild(place);
        const axis = { ...themes[dark ? "dark" : "light"], labelFont: font, titleFont: font };
        const result = await vegaEmbed(place, spec, {
          mode: "vega", actions: false, renderer: "canvas", config: { axis, text: { font } },
        });
        return { place, box, figure, result, chart: new Chart(result.view, hover, new Trails(place, trails)) };
      }));
      if (turn !== this.embedding) {
        for (const { place, result } of made) { result.finalize(); place.remove(); }
        return;
      }
      for (const { result } of this.embedded ?? []) result.finalize();
      this.embedded = made;
      this.charts = made.map(({ chart }) => chart);
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
      this.note("The charts could not be drawn. Reload the page to try again.");
      this.look = null;
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

  /** Values under the pointer; a click on a chart of steps goes there. */
  watch(figure, box, chart) {
    if (!chart.hover) return;
    let tip;
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
      const seen = Math.min(index, this.shown);
      const row = this.frames.row(seen);
      const lines = Object.entries(chart.hover.fields).map(([field, label]) => `${label}  ${number(row[field])}`);
      tip.textContent = [`update ${row.step}`, ...lines].join("\n");
      const left = event.clientX - box.getBoundingClientRect().left;
      tip.style.left = left > box.clientWidth / 2 ? "" : `${left + 14}px`;
      tip.style.right = left > box.clientWidth / 2 ? `${box.clientWidth - left + 14}px` : "";
      tip.style.top = "8px";
    };
    box.onpointerleave = () => { tip?.remove(); tip = null; };
    box.onclick = (event) => { const index = frameAt(event); if (index !== null) this.jump(index); };
  }

  toggle() {
    if (this.playing) this.pause();
    else {
      if (this.shown >= this.frames.total - 1) this.position = 0;
      this.target = null;
      this.start();
    }
  }

  start() {
    this.playing = true;
    this.icon("player-play", ICONS.pause);
    this.find("player-play").setAttribute("aria-label", "Pause");
    this.before = undefined;
    this.draw();
    this.wake();
  }

  pause() {
    this.playing = false;
    this.icon("player-play", ICONS["player-play"]);
    this.find("player-play").setAttribute("aria-label", "Play");
    this.describe();
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
      Home: () => this.jump(0),
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
    if (this.target !== null) {
      this.position = Math.min(this.target, reachable);
      if (this.position >= this.target || this.frames.complete) this.target = null;
      if (this.target === null) this.describe();
    } else if (this.playing) {
      this.position = Math.min(this.position + passed * this.framesPerSecond, reachable);
      if (this.position >= reachable && this.frames.complete) this.pause();
    }
    this.draw();
    this.ask(time);
    if (this.playing || this.target !== null || this.request) this.wake();
    else this.before = undefined;
  }

  ask(time) {
    const { frames } = this;
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
    if (!this.frames.known || (!again && index === this.drawn)) return;
    if (this.holding && this.target !== null && !this.frames.complete) return;
    this.holding = false;
    this.drawn = index;
    for (const chart of this.charts) chart.show(this.frames, index);
    this.find("player-step").textContent = String(this.frames.step(index));
    this.scrub.value = String(index);
    const part = 100 / Math.max(this.frames.total - 1, 1);
    this.scrub.style.setProperty("--shown", `${index * part}%`);
    this.scrub.style.setProperty("--known", `${(this.frames.known - 1) * part}%`);
    this.read(index);
    remember(this.key, { frames: this.frames, position: index, speed: this.speed });
  }

  read(index) {
    if (!this.pictures) return;
    const { start, moving } = this.pictures.readout;
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
    const scrub = this.frames.known ? `update ${this.frames.step(this.shown)} of ${this.frames.last}` : "";
    this.scrub.setAttribute("aria-valuetext", scrub);
  }

  note(text) {
    const several = this.frames.every > 1 ? `1 frame = ${this.frames.every} updates` : "";
    const line = [text, several].filter(Boolean).join(" · ");
    const place = this.find("player-note");
    if (place.textContent !== line) place.textContent = line;
  }

  remove() {
    cancelAnimationFrame(this.loop);
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

/** Streamlit also cleans up while the player stays on the page; only a player that has left it is removed. */
export function unmount(root) {
  if (root.isConnected) return;
  players.get(root)?.remove();
  players.delete(root);
}
