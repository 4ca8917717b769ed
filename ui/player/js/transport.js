// Where a run is on screen, and where it goes: pure, moved by the times that it is told.

const FULL_RUN_SECONDS = 10; // a run plays in about this at 1×
const SLOWEST = 2; // frames a second
const FASTEST = 60;
const LONGEST_TICK_MS = 250; // a browser that was away for longer goes on where it was
const MOST_AHEAD = 30; // frames between the one on screen and a fork
const CLOSE = 0.15; // to whole frames at a tick, as a part of them
const LONGEST_HOLD_MS = 1000; // that an old picture may stay

const within = (low, value, high) => Math.max(low, Math.min(value, high));

export class Transport {
  constructor() {
    this.frames = null; // of the run on screen: { known, total, complete }
    this.position = 0; // in frames; the whole part is on screen
    this.target = null; // a frame to reach that has not come yet
    this.playing = false;
    this.holding = false; // the old picture stays until the frame to reach has come, or for too long
    this.heldSince = null; // time of the first tick of it
    this.speed = 1;
    this.before = null; // time of the last tick; null: the clock stands
  }

  get shown() { return Math.floor(this.position); }

  /** Frames a second. */
  get rate() { return within(SLOWEST, this.frames.total / FULL_RUN_SECONDS, FASTEST) * this.speed; }

  get end() { return this.frames.total - 1; }

  get reachable() { return this.frames.known - 1; }

  get moving() { return this.playing || this.target !== null; }

  /** Whether the picture waits for frames that have not come. */
  get starved() { return this.target !== null || (this.playing && this.position >= this.reachable); }

  /** Whether a run that was turned to has not come to the frame on screen yet. */
  get held() { return this.holding && this.target !== null && !this.frames.complete; }

  /**
   * Turn to another run at the same place: what is common is known, the old picture stays until the rest has come. Where
   * that takes long, the run is shown as far as it has come.
   */
  turn(frames) {
    const place = this.target ?? this.position;
    this.frames = frames;
    this.holding = Math.floor(place) >= frames.known;
    this.heldSince = null;
    this.position = this.holding ? Math.max(this.reachable, 0) : place;
    this.target = this.holding ? Math.min(Math.floor(place), this.end) : null;
  }

  /** Go on with what another one does, from the frame that it shows or is to reach. */
  resume(other) {
    this.speed = other.speed;
    this.playing = other.playing;
    this.target = other.target ?? other.shown;
  }

  play() {
    this.playing = true;
    this.stopClock();
  }

  pause() { this.playing = false; }

  /** Go to a frame and wait there; one that has not come yet is reached when it has. */
  jump(index) {
    const wanted = within(0, index, this.end);
    this.playing = false;
    this.position = within(0, wanted, Math.max(this.reachable, 0));
    this.target = wanted > this.position ? wanted : null;
  }

  /** Go no further than the frame on screen. */
  stay() {
    this.target = null;
    this.holding = false;
  }

  /** To the start, without waiting for anything. */
  rewind() {
    this.position = 0;
    this.target = null;
    this.holding = false;
  }

  /** Be at the target if its frame has come. */
  arrive() {
    if (this.target === null || this.target > this.reachable) return;
    this.position = this.target;
    this.target = null;
  }

  /** Move on to `time`, in milliseconds; play goes no further than `limit`. Returns "reached", "ended" or null. */
  tick(time, limit = Infinity) {
    const passed = this.before === null ? 0 : Math.min(time - this.before, LONGEST_TICK_MS) / 1000;
    this.before = time;
    this.heldSince ??= time;
    if (time - this.heldSince > LONGEST_HOLD_MS) this.holding = false;
    if (this.target !== null) return this.approach();
    if (this.playing) return this.advance(passed, limit);
    return null;
  }

  stopClock() { this.before = null; }

  approach() {
    this.position = within(0, this.target, Math.max(this.reachable, 0));
    if (this.position < this.target && !this.frames.complete) return null;
    this.target = null;
    return "reached";
  }

  advance(passed, limit) {
    const end = Math.min(this.reachable, limit);
    // A limit may lie behind the picture, but play never goes back.
    this.position = Math.min(this.position + inStep(passed * this.rate), Math.max(end, this.position));
    return this.position >= this.reachable && this.frames.complete ? "ended" : null;
  }

  /** How many frames are missing to reach the target, or else to play for so many seconds. */
  missing(seconds) {
    const until = this.target === null ? this.position + seconds * this.rate : this.target + 1;
    return until - this.frames.known;
  }

  /** The frame that is on screen or, while playing, will be in so many seconds; never one that has not come. */
  ahead(seconds) {
    const here = this.target ?? this.shown;
    const further = this.playing ? Math.min(MOST_AHEAD, Math.ceil(seconds * this.rate)) : 0;
    const last = Math.max(here, Math.min(this.reachable, this.end - 1));
    return Math.min(here + further, last);
  }
}

/**
 * Frames to move on at a tick: whole ones, or half a frame, where that is about right. A clock's ticks are uneven, and
 * two that fall into one frame are a picture that stands still for a tick, and a frame that nobody sees.
 */
function inStep(frames) {
  const whole = Math.max(Math.round(2 * frames) / 2, 0.5);
  return Math.abs(frames - whole) <= CLOSE * whole ? whole : frames;
}
