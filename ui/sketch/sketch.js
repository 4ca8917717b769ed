// A square to draw on, and beside it what networks think of the drawing while it grows. Python (sketch.py) answers.

const NEAR = 0.012; // of the side: points closer than this to the last one are left out
const PATIENCE_MS = 1500; // what is unanswered is said again after this
const STEP = 0.03; // of the side, by an arrow key
const FOLLOW_MS = 500; // so often the step on screen is looked at, and another network asked
const MOST_POINTS = 1500; // that are told: sketch.py takes no more
const SIDE = 28; // pixels of what a network gets

/** What has been drawn: strokes, each a row of points x, y from 0 to 1. */
export class Strokes {
  constructor(rows = []) { this.rows = rows.map((row) => row.map(([x, y]) => [x, y])); }

  get count() { return this.rows.reduce((sum, row) => sum + row.length, 0); }

  /** A stroke begins, with a dot. */
  begin(x, y) { if (this.count < MOST_POINTS) this.rows.push([inside(x, y)]); }

  /** It goes on; returns whether it is any longer. */
  extend(x, y) {
    const row = this.rows.at(-1);
    if (!row || this.count >= MOST_POINTS) return false;
    const [toX, toY] = inside(x, y);
    const [lastX, lastY] = row.at(-1);
    if (Math.hypot(toX - lastX, toY - lastY) < NEAR) return false;
    row.push([toX, toY]);
    return true;
  }

  clear() { this.rows = []; }
}

const inside = (...place) => place.map((part) => Math.round(1000 * Math.min(1, Math.max(0, part))) / 1000);

/** Who says what when: one drawing is under way at a time, and of those that wait only the newest is said. */
export class Line {
  constructor(send) {
    this.send = send; // (number, strokes)
    this.number = 0; // of the last word
    this.sent = null; // when the word that is unanswered was said
    this.waits = null; // strokes that are not said yet
    this.said = null; // strokes of the word that is unanswered
  }

  /** The drawing is another one. */
  change(strokes, time) {
    this.waits = strokes;
    this.speak(time);
  }

  /** The answer to a word has come. */
  answered(number, time) {
    if (number >= this.number) this.sent = null;
    this.speak(time);
  }

  /** Say what waits, or again what nobody has answered. */
  speak(time) {
    if (this.sent !== null) {
      if (time - this.sent < PATIENCE_MS) return;
      this.waits ??= this.said;
    }
    if (!this.waits) return;
    [this.said, this.waits, this.sent] = [this.waits, null, time];
    this.number += 1;
    this.send(this.number, this.said);
  }
}

/** The likeliest of some probabilities, null where there is none. */
export function likeliest(probabilities) {
  const best = probabilities.reduce((found, p, k) => (p !== null && p > (probabilities[found] ?? -1) ? k : found), -1);
  return best < 0 ? null : best;
}

/** What is said to who does not see the bars. */
export function spoken(runs, names) {
  return runs.map(({ title, opinion }) => {
    const best = likeliest(opinion);
    return best === null ? `${title}: nothing` : `${title}: ${names[best]}, ${percent(opinion[best])}`;
  }).join("; ");
}

/** The step that the player of this page shows, null without one: the server knows it only when that rests. */
export function stepOnScreen() {
  const detail = { step: null };
  document.dispatchEvent(new CustomEvent("player-step", { detail }));
  return detail.step;
}

const percent = (p) => `${Math.round(100 * p)} %`;

class Sketch {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".paper");
    this.strokes = null;
    this.pen = null; // where keys have it: { x, y, down }
    this.line = new Line((number, strokes) => this.say(number, strokes));
    this.listen();
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.canvas);
  }

  /** New arguments from Streamlit: the first, an answer, another step on screen. */
  update({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    this.turn = data.turn;
    this.width = data.pen;
    const first = !this.strokes;
    this.strokes ??= new Strokes(data.strokes);
    this.line.number = Math.max(this.line.number, data.number);
    this.show(data);
    this.draw();
    this.line.answered(data.number, performance.now());
    this.remind();
    if (first) {
      this.step = data.step;
      this.follow();
    }
  }

  say(number, strokes) {
    this.step = stepOnScreen();
    this.send("drawn", { number, strokes, step: this.step, turn: this.turn });
  }

  /** Ask the network of the step on screen, at play too. */
  follow() {
    if (!this.root.isConnected) return;
    if (stepOnScreen() !== this.step) this.changed();
    this.following = setTimeout(() => this.follow(), FOLLOW_MS);
  }

  listen() {
    const { canvas, root } = this;
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.strokes.begin(...this.place(event));
      this.changed();
    };
    canvas.onpointermove = (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      const way = event.getCoalescedEvents?.() ?? [];
      const longer = (way.length ? way : [event]).map((one) => this.strokes.extend(...this.place(one)));
      if (longer.some(Boolean)) this.changed();
    };
    canvas.onkeydown = (event) => this.press(event);
    canvas.onblur = () => {
      this.pen = null;
      this.draw();
    };
    root.querySelector("button").onclick = () => this.wipe();
  }

  /** Arrows move the pen, space puts it down or up, Delete clears. */
  press(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!way && ![" ", "Delete", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // the player listens to some of them
    this.pen ??= { x: 0.5, y: 0.2, down: false };
    if (event.key === " ") {
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.strokes.begin(this.pen.x, this.pen.y);
    } else if (way) {
      [this.pen.x, this.pen.y] = inside(this.pen.x + STEP * way[0], this.pen.y + STEP * way[1]);
      if (!this.pen.down || !this.strokes.extend(this.pen.x, this.pen.y)) return this.draw();
    } else return this.wipe();
    this.changed();
  }

  wipe() {
    this.strokes.clear();
    if (this.pen) this.pen.down = false;
    this.changed();
  }

  place({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  changed() {
    this.draw();
    this.line.change(this.strokes.rows.map((row) => [...row]), performance.now());
    this.remind();
  }

  /** A word can be lost: look again, as long as one is unanswered. */
  remind() {
    clearTimeout(this.reminder);
    if (this.line.sent === null || !this.root.isConnected) return;
    this.reminder = setTimeout(() => {
      this.line.speak(performance.now());
      this.remind();
    }, PATIENCE_MS);
  }

  draw() {
    const { canvas, pen: keys } = this;
    if (!this.strokes || !canvas.clientWidth) return;
    const side = Math.round(canvas.clientWidth * (globalThis.devicePixelRatio || 1));
    if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, side, side);
    const ink = getComputedStyle(canvas).color;
    Object.assign(pen, { strokeStyle: ink, fillStyle: ink, lineCap: "round", lineJoin: "round" });
    pen.lineWidth = 2 * this.width * side;
    for (const row of this.strokes.rows) {
      pen.beginPath();
      pen.moveTo(row[0][0] * side, row[0][1] * side);
      for (const [x, y] of row) pen.lineTo(x * side, y * side);
      pen.stroke();
    }
    if (keys) {
      pen.beginPath();
      pen.arc(keys.x * side, keys.y * side, 1.3 * this.width * side, 0, 2 * Math.PI);
      Object.assign(pen, { lineWidth: side / 150, strokeStyle: keys.down ? "#D55E00" : "#0072B2" });
      pen.stroke();
    }
    this.root.querySelector(".hint").hidden = this.strokes.rows.length > 0 || keys !== null;
  }

  /** What the server says: a row for each class, in it a bar for each run. */
  show({ runs, names, picture }) {
    const { root } = this;
    const list = root.querySelector(".bars");
    const drawn = picture.some(Boolean);
    const shape = JSON.stringify([names, runs.map(({ title, ink }) => [title, ink])]);
    if (this.shape !== shape) {
      this.shape = shape;
      list.replaceChildren(...names.map((name) => rowOf(name, runs)));
      const keys = runs.map(({ title, ink }) => element("span", "key", [sample(ink), title]));
      root.querySelector(".runs").replaceChildren(...keys);
    }
    const best = runs.map(({ opinion }) => likeliest(opinion));
    [...list.children].forEach((row, k) => {
      row.classList.toggle("best", drawn && best[0] === k);
      runs.forEach(({ opinion }, i) => {
        const p = drawn ? opinion[k] ?? 0 : 0;
        row.querySelectorAll(".bar")[i].style.width = `${100 * p}%`;
      });
      row.querySelector(".value").textContent = drawn && runs.length === 1 ? percent(runs[0].opinion[k] ?? 0) : "";
    });
    root.querySelector(".said").textContent = drawn ? spoken(runs, names) : "Nothing is drawn yet.";
    this.miniature(picture);
  }

  /** What a network gets of it. */
  miniature(picture) {
    const small = this.root.querySelector(".small");
    const pen = small.getContext("2d");
    const image = pen.createImageData(SIDE, SIDE);
    const [red, green, blue] = getComputedStyle(small).color.match(/[\d.]+/g).map(Number);
    picture.forEach((ink, k) => image.data.set([red, green, blue, ink], 4 * k));
    pen.putImageData(image, 0, 0);
  }

  leave() {
    if (this.root.isConnected) return;
    clearTimeout(this.reminder);
    clearTimeout(this.following);
    this.resized.disconnect();
  }
}

function rowOf(name, runs) {
  const bars = element("span", "track", runs.map(({ ink }) => {
    const bar = element("span", "bar", []);
    bar.style.background = ink;
    return bar;
  }));
  return element("div", "class", [element("span", "name", [name]), bars, element("span", "value", [])]);
}

function sample(ink) {
  const line = element("i", "", []);
  line.style.background = ink;
  return line;
}

function element(kind, className, children) {
  const made = document.createElement(kind);
  made.className = className;
  made.append(...children);
  return made;
}

const sketches = new WeakMap(); // by the root that each draws in

export default function (component) {
  const root = component.parentElement;
  if (!sketches.has(root)) sketches.set(root, new Sketch(root));
  const sketch = sketches.get(root);
  sketch.update(component);
  return () => sketch.leave();
}
