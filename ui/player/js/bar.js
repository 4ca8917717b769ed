// The elements around the charts: buttons, scrub, speed, step, keys, and the two lines of words below.

import { moved } from "./words.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 100];

const ICONS = {
  "player-restart": "M5 4h2.5v16H5zM20 4v16L9 12z",
  "player-back": "M14.5 5 7 12l7.5 7 1.8-1.9L10.7 12l5.6-5.1z",
  "player-play": "M7 4v16l13-8z",
  "player-forward": "M9.5 5 17 12l-7.5 7-1.8-1.9 5.6-5.1-5.6-5.1z",
  "player-end": "M4 4v16l11-8zM16.5 4H19v16h-2.5z",
};
const PAUSE = "M6 4h4.5v16H6zM13.5 4H18v16h-4.5z";
// What has the focus here wants the keys for itself.
const BUSY = "input, textarea, select, button, a, [role=slider], [role=tab], [contenteditable]";

export class Bar {
  constructor(root, player) {
    this.root = root;
    this.player = player; // told what its visitor does
    this.scrub = this.find("player-scrub");
    this.speeds = this.find("player-speed");
    this.onKey = this.onKey.bind(this);
    this.bind();
  }

  find(name) { return this.root.querySelector(`[data-testid="${name}"]`); }

  bind() {
    const { player, scrub, speeds } = this;
    for (const [name, path] of Object.entries(ICONS)) this.icon(name, path);
    const on = (name, act) => { this.find(name).onclick = act; };
    on("player-play", () => player.toggle());
    on("player-restart", () => player.restart());
    on("player-end", () => player.finish());
    on("player-back", () => player.go(-1));
    on("player-forward", () => player.go(1));
    on("player-compute", () => player.toggleWork());
    scrub.oninput = () => player.jump(Number(scrub.value));
    for (const value of SPEEDS) speeds.add(new Option(`${value}×`, value, value === 1, value === 1));
    speeds.onchange = () => player.hurry(Number(speeds.value));
    document.addEventListener("keydown", this.onKey);
  }

  icon(name, path) {
    this.find(name).innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || this.isTaken(event)) return;
    const { player } = this;
    const acts = {
      " ": () => player.toggle(),
      ArrowRight: () => player.go(1),
      ArrowLeft: () => player.go(-1),
      Home: () => player.restart(),
      End: () => player.finish(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Whether a key belongs to what has the focus. */
  isTaken(event) {
    const path = event.composedPath();
    const busy = path[0].closest?.(BUSY);
    return busy && (!path.includes(this.root) || event.key === " " || busy.matches("select"));
  }

  showPlaying(playing) {
    this.icon("player-play", playing ? PAUSE : ICONS["player-play"]);
    this.find("player-play").setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  showSpeed(speed) { this.speeds.value = String(speed); }

  /** What a step is called. */
  showName(name) {
    this.root.querySelector(".unit.step").textContent = name[0];
    this.scrub.setAttribute("aria-label", moved(name));
  }

  /** How long the run is, and whether there is an earlier change of settings to be left behind. */
  showRun({ last, course }, end) {
    const anew = course.length > 1 ? "Anew, with the settings of now" : "Back to the start";
    this.find("player-restart").title = `${anew} (Home)`;
    this.scrub.max = String(Math.max(end, 1));
    this.find("player-last").textContent = last;
    this.find("player-step").style.minWidth = `${String(last).length}ch`;
  }

  showStep(step, { shown, end }) {
    this.find("player-step").textContent = step;
    this.scrub.value = String(shown);
    this.scrub.style.setProperty("--shown", `${(100 * shown) / Math.max(end, 1)}%`);
  }

  showReadout(text) { this.find("player-readout").textContent = text; }

  showNote(text) {
    const place = this.find("player-note");
    if (place.textContent !== text) place.textContent = text; // a screen reader reads each change
  }

  /** How far the server is, where that takes long. */
  showWork({ text, offer, computed, total }) {
    this.scrub.style.setProperty("--known", `${(100 * Math.max(computed - 1, 0)) / Math.max(total - 1, 1)}%`);
    this.find("player-work").textContent = text;
    this.find("player-compute").textContent = offer;
    this.find("player-compute").hidden = !offer;
  }

  /** Where the run is, for those who cannot see it. */
  describe(text) { this.scrub.setAttribute("aria-valuetext", text); }

  remove() { document.removeEventListener("keydown", this.onKey); }
}
