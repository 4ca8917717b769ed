// The player: keeps the frames it was sent, moves charts through them, and asks for more before it runs out.
// Python (player.py) answers; nothing here waits for it. Documented contract: docs/architecture.md.

import { courseIn, quieten, sign, visits } from "./address.js";
import { Bar } from "./bar.js";
import { answerAt, ofTable } from "./chunk.js";
import { Frames } from "./frames.js";
import { Memory } from "./memory.js";
import { Pictures } from "./pictures.js";
import { watch } from "./pointer.js";
import { Talk } from "./talk.js";
import { Transport } from "./transport.js";
import { at, each, filled } from "./words.js";
import { Work } from "./work.js";

const REST_MS = 500; // the server is told the step on screen after so long a rest
const DARK = 384; // red, green and blue of a page with less together is dark

const memory = new Memory(); // key -> { frames, transport, played, visit }: survives leaving the page

class Player {
  constructor(root) {
    this.root = root;
    this.key = null; // of the page
    this.visit = visits(); // to the page
    this.page = location.pathname; // no other's address is written
    this.send = null; // Streamlit's way to say something to the server
    this.supply = null; // the address for what is asked of the run alone
    this.asked = new Set(); // of it, what has not been answered: promises
    this.signed = []; // names of what the player writes into the address
    this.stepName = ["step", "steps"]; // what a step is called, and several
    this.played = null; // how often the page had been told to play
    this.drawn = -1; // the frame on screen
    this.trouble = ""; // what went wrong here, in words
    this.loop = null; // the animation frame that was asked for
    this.resting = null; // the timer of a rest
    this.looking = null; // the timer of a look at how far the server is
    this.work = new Work();
    this.transport = new Transport();
    this.talk = new Talk(this.transport, (name, said) => this.say(name, said));
    this.pictures = new Pictures(root.querySelector(".charts"));
    this.bar = new Bar(root, this);
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this.pictures.area);
    this.tick = this.tick.bind(this);
    this.tell = this.tell.bind(this);
    document.addEventListener("player-step", this.tell);
  }

  get frames() { return this.transport.frames; }

  get shown() { return this.transport.shown; }

  /** The step on screen, for what else is on the page and asks: while it moves the server does not know it. */
  tell({ detail }) {
    if (this.root.isConnected && this.frames?.known) detail.step = this.frames.step(this.shown);
  }

  // What the server says.

  /** New arguments from Streamlit: the first mount, an answer, a changed run, a changed theme. */
  update({ data: { frames, ...said }, setTriggerValue }) {
    const data = { ...said, frames: ofTable(frames) };
    this.send = setTriggerValue;
    this.supply = data.supply;
    const first = !this.frames;
    if (first) this.recall(data);
    const shared = this.goesOn(data) ? this.frames.known : this.begin(data);
    const time = performance.now();
    const arrived = this.take(data, time, data.charts ? "page" : "part");
    if (data.charts) this.illustrate(data);
    this.talk.consider(data, time);
    this.signed = Object.keys(data.address);
    if (data.heard && location.pathname === this.page) sign(data.address);
    this.dress(data, shared);
    this.open(data, first);
    this.swap();
    if (arrived || data.charts) this.draw(true);
    this.goOn();
  }

  /** What each answer has: frames, and how far the server is. Returns whether it brought any. */
  take(answer, time, run) {
    const arrived = this.frames.accept(answer);
    this.talk.answered(answer.number, time, answer.frames.rows * this.frames.frameBytes);
    this.talk.computed = answer.computed;
    this.work.hear(answer, time, run);
    return arrived;
  }

  goOn() {
    this.bar.showWork(this.work);
    this.look();
    this.wake();
  }

  /**
   * Say something to the server. What is asked of the run alone has an address of its own: a word by Streamlit holds play
   * up while Streamlit goes over the page.
   */
  async say(name, said) {
    const ofRun = name === "more" || (name === "look" && this.work.computing);
    if (ofRun && await this.ask(said)) return;
    if (name === "stop") await Promise.all(this.asked); // what is on its way would have the server go on
    this.send(name, said);
  }

  /** Ask at the run's own address; false where there is no answer, as from a server that has started anew. */
  async ask(said) {
    const asked = answerAt(this.supply, said);
    this.asked.add(asked);
    const answer = await asked;
    this.asked.delete(asked);
    if (!this.root.isConnected || this.frames.recording !== said.recording) return true; // nobody waits for it
    if (answer) this.hear(answer);
    return Boolean(answer);
  }

  /** An answer from the address of its own; a late one may be of another view. */
  hear(answer) {
    if (!this.goesOn(answer)) return;
    const arrived = this.take(answer, performance.now());
    this.swap();
    if (arrived) this.draw(true);
    this.goOn();
  }

  /** Ask how far the server is, now and then while it computes, and say whether that is wanted. */
  look() {
    clearTimeout(this.looking);
    if (!this.root.isConnected || this.work.due === Infinity) return;
    const time = performance.now();
    if (this.work.looks(time)) this.talk.say("look", { wants: this.work.insists || this.transport.moving });
    this.looking = setTimeout(() => this.look(), this.work.due - time);
  }

  /** The button beside how far it is. */
  toggleWork() {
    const { computing } = this.work;
    if (computing) this.hold();
    this.work.insists = !computing;
    this.work.due = -Infinity;
    if (computing) this.talk.say("stop");
    else this.look();
  }

  /** Go no further, so that nothing more is asked for. */
  hold() {
    if (this.transport.playing) this.pause();
    this.transport.stay();
    this.talk.hush();
  }

  /**
   * Be where the visitor was who comes back, or at the step in the link. Streamlit may also, at any run of the page, put
   * a new player in the place of one: it goes on with what that one did.
   */
  recall({ key, recording, at, every }) {
    this.key = key;
    const kept = memory.recall(key);
    if (!kept) {
      if (at) this.transport.target = Math.floor(at / every);
      return;
    }
    this.played = kept.played;
    this.transport.resume(kept.transport);
    if (kept.visit !== this.visit) this.transport.pause();
    this.bar.showSpeed(this.transport.speed);
    this.bar.showPlaying(this.transport.playing);
    if (kept.frames.recording !== recording) return;
    this.transport.frames = kept.frames;
    this.bar.showRun(this.frames, this.transport.end);
  }

  /** Whether an answer is of the run and of the view that are here. */
  goesOn(data) {
    return this.frames?.recording === data.recording && this.frames.fits(data);
  }

  /** Turn to another run, or to another view of this one; returns how many frames it shares with what was there. */
  begin(data) {
    const before = this.frames;
    const frames = new Frames(data);
    const shared = before?.fits(data) ? before.shared(frames) : 0;
    if (shared) frames.take(before, shared);
    this.talk.begin(data, performance.now());
    this.transport.turn(frames);
    this.drawn = -1;
    this.trouble = "";
    this.work.begin();
    this.bar.showRun(this.frames, this.transport.end);
    return shared;
  }

  illustrate(data) {
    this.pictures.data = data;
    this.talk.turn = data.turn;
    this.stepName = data.step_name;
    this.bar.showName(this.stepName);
  }

  /** See that the charts are those of this run and theme. */
  dress(data, shared) {
    const dark = this.isDark();
    if (this.pictures.differ(dark)) {
      // Nothing of a new run is in the old charts: they stay as they are until the new ones are there.
      this.pictures.changing = shared === 0 && this.pictures.made.length > 0;
      this.embed(dark);
    } else if (data.charts && !this.pictures.changing) this.pictures.settle();
  }

  isDark() {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = this.style("--st-background-color") || "#fff";
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return red + green + blue < DARK;
  }

  style(name) { return getComputedStyle(this.root.host).getPropertyValue(name); }

  async embed(dark) {
    try {
      await this.pictures.make(dark, this.style("--st-font") || "sans-serif");
      this.swap();
    } catch (error) {
      console.error(error);
      this.trouble = "The charts could not be drawn. Reload the page to try again.";
      this.pictures.failed();
      this.note();
    }
  }

  /** Show the charts that are made, once there is something to show: those without a frame have axes of nothing. */
  swap() {
    const { known, error } = this.frames;
    if (this.pictures.next && (known || error !== null)) this.pictures.swap(() => this.drawFirst());
  }

  drawFirst() {
    this.transport.holding = false; // the old picture is gone
    this.draw(true);
    this.pictures.made.forEach(({ box, chart }, index) => watch(box, chart, this, index));
    this.describe();
  }

  /** The first mount with reduced motion shows the last frame; a preset or an experiment plays by itself. */
  open({ at, play }, first) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (first && !at && still) this.transport.target = this.transport.end;
    if (play > (this.played ?? play)) this.perform(still);
    this.played = play;
  }

  /** From the start, unless its visitor wants nothing to move. */
  perform(still) {
    this.talk.forget();
    this.transport.rewind();
    if (still) this.jump(this.transport.end);
    else this.start();
  }

  // What the visitor does.

  toggle() {
    if (this.transport.playing) this.pause();
    else {
      if (this.shown >= this.transport.end) this.jump(0);
      this.transport.target = null;
      this.start();
    }
  }

  start() {
    this.transport.play();
    this.bar.showPlaying(true);
    clearTimeout(this.resting);
    this.draw();
    this.wake();
  }

  pause() {
    this.transport.pause();
    this.bar.showPlaying(false);
    this.describe();
    this.rest();
  }

  /** Back to the start; a run whose settings changed on the way begins anew with those of now. */
  restart() {
    this.jump(0);
    this.talk.restart();
  }

  jump(index) {
    if (this.transport.playing) this.pause();
    this.transport.jump(index);
    this.draw();
    this.describe();
    this.wake();
  }

  go(count) { this.jump(this.shown + count); }

  finish() { this.jump(this.transport.end); }

  hurry(speed) {
    this.transport.speed = speed;
    this.wake();
  }

  /** A point of a chart was clicked, which one by its index: a run starts there, unless the picture `stays`. */
  pick(x, y, picture, { stays }) {
    this.talk.say("pick", { x, y, picture });
    if (stays) return;
    const { playing } = this.transport;
    this.jump(0);
    if (playing) this.start();
  }

  /** Tell the server the step on screen, once the picture has rested. */
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.talk.rest(), REST_MS);
  }

  // The animation loop; it sleeps when there is nothing to move and nothing to wait for.

  wake() { this.loop ??= requestAnimationFrame(this.tick); }

  tick(time) {
    this.loop = null;
    if (!this.root.isConnected) return;
    this.move(time);
    this.draw();
    // Not earlier: Streamlit may lose what is said while the player is being mounted.
    this.talk.speak(time, { greets: this.drawn >= 0, course: () => courseIn(location.href, this.signed) });
    this.note();
    if (this.transport.moving || this.pictures.changing || this.talk.waiting) this.wake();
    else this.transport.stopClock();
  }

  move(time) {
    if (this.pictures.changing) {
      this.transport.stopClock();
      return;
    }
    const event = this.transport.tick(time, this.talk.limit);
    if (event === "reached") this.describe();
    if (event === "ended") this.pause();
  }

  draw(again = false) {
    const { transport, frames, pictures } = this;
    transport.arrive();
    const index = transport.shown;
    if (pictures.changing || !frames.known || (!again && index === this.drawn) || transport.held) return;
    transport.holding = false;
    this.drawn = index;
    pictures.show(frames, index);
    this.bar.showStep(frames.step(index), transport);
    this.read(index);
    memory.remember(this.key, { frames, transport, played: this.played, visit: this.visit });
    if (transport.playing) return;
    this.rest();
    if (transport.target === null) this.describe();
  }

  /** The line below the charts, in the words for the settings of the step that led here. */
  read(index) {
    if (!this.pictures.data) return;
    const { start, moving } = this.readout(index);
    this.bar.showReadout(this.fill(index === 0 ? start : moving, index));
  }

  readout(index) {
    const { readouts } = this.pictures.data;
    return readouts.findLast(({ since }) => since < this.frames.step(index)) ?? readouts[0];
  }

  fill(template, index) { return filled(template, this.frames.now(index), this.readout(index).labels); }

  /** Alternative text from the data; only when the picture rests, or a screen reader would never fall silent. */
  describe() {
    const { frames, shown } = this;
    this.pictures.describe((text) => (frames.known ? this.fill(text, shown) : ""));
    this.bar.describe(frames.known ? `${at(frames.step(shown), this.stepName)} of ${frames.last}` : "");
  }

  note() {
    const several = each(this.frames.every, this.stepName);
    this.bar.showNote([this.trouble, this.talk.trouble, this.failure, several].filter(Boolean).join(" · "));
  }

  get failure() {
    const { error } = this.frames;
    return error ? `The run stopped: ${error}` : "";
  }

  fit() { if (this.pictures.fit()) this.draw(true); }

  remove() {
    cancelAnimationFrame(this.loop);
    clearTimeout(this.resting);
    clearTimeout(this.looking);
    this.resized.disconnect();
    document.removeEventListener("player-step", this.tell);
    this.bar.remove();
    this.pictures.finalize();
  }
}

const players = new WeakMap(); // shadow root -> Player

export function mount(component) {
  quieten();
  const { parentElement: root } = component;
  if (!players.has(root)) players.set(root, new Player(root));
  players.get(root).update(component);
}

/** The frames that a player has, name -> numbers: for the tests. */
export function columnsOf(root) {
  const { known, columns } = players.get(root).frames;
  return Object.fromEntries([...columns].map(([name, values]) => [name, [...values.subarray(0, known)]]));
}

/** The numbers of a wide column in one frame, null where they have not come: for the tests. */
export function wideOf(root, name, index) {
  const values = players.get(root)?.frames.wide.get(name)?.[index];
  return values ? [...values] : null;
}

/** Which run of the page the pictures are of, or are being made for: for the tests. */
export function turnOf(root) {
  return players.get(root)?.talk.turn ?? null;
}

/** Whether all frames have come that come at rest: for the tests. */
export function restsOf(root) {
  const player = players.get(root);
  if (!player) return false; // it is being put in its place
  const { work, talk, transport } = player;
  const all = work.computed <= transport.frames.known || transport.missing(2) <= 0;
  return transport.playing || (work.due === Infinity && !talk.request && (transport.frames.complete || all));
}

/** Streamlit also cleans up while the player stays on the page; only a player that has left it is removed. */
export function unmount(root) {
  if (root.isConnected) return;
  players.get(root)?.remove();
  players.delete(root);
}
