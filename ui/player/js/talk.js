// Who says what when to the server. Pure: `send` and the times are given. What is said stands in docs/architecture.md.

const AHEAD_SECONDS = 2; // ask when less than this is left to play
const CHUNK_SECONDS = 4; // and for this much
const SMALLEST_CHUNK = 60;
const LARGEST_CHUNK = 2500;
const MOST_BYTES = 2 ** 20; // of an answer; the server keeps to it too
const FIRST_BYTES = 2 ** 18; // before it is known how fast the line is
const ANSWER_SECONDS = 1; // an answer should take no longer: what else is said waits for it
const PATIENCE_MS = 2000; // what is unanswered is said again after this
const LAST_PATIENCE_MS = 5000; // and a change of the run given up after this
const LONGEST_TRIP = 1; // second
const DRY_MS = 250; // after an answer without a frame: who computes is better left alone for a while
const LATER_MS = 500; // a fork that must wait for a state to go on from is said again after this

const UNANSWERED = "The server has not answered: this is the run before the last change. "
  + "Reload the page to see both agree.";

export class Talk {
  constructor(transport, send) {
    this.transport = transport;
    this.send = send; // (name, what is said)
    this.turn = null; // the run of the page whose pictures are here
    this.heard = false; // whether the server knows that this player is there
    this.greeted = -Infinity; // when it was told last
    this.number = 0; // of the last request for frames
    this.request = null; // one that is unanswered: { number, sent }
    this.due = -Infinity; // when the next may be made
    this.bytes = FIRST_BYTES; // that the next answer may have
    this.computed = Infinity; // frames that the server has
    this.pending = null; // a fork or restart that is unanswered: { name, frame, sent, first }
    this.roundTrip = 0.25; // seconds from a fork to its answer
    this.told = null; // where the server was told last that the picture is
    this.trouble = ""; // in words
  }

  get frames() { return this.transport.frames; }

  /** Whether there is something to say again if no answer comes. */
  get waiting() { return Boolean(this.request || this.pending || !this.heard); }

  /** Recording and frame on screen. */
  get here() { return `${this.frames.recording} ${this.transport.shown}`; }

  /** The frame that play may not pass before its fork is answered. */
  get limit() { return this.pending?.frame ?? Infinity; }

  /** An answer of so many bytes has come to a request; earlier ones are answered with it. */
  answered(number, time, bytes) {
    if (!this.request || number < this.request.number) return;
    const seconds = Math.max(time - this.request.sent, 1) / 1000;
    if (bytes) this.bytes = Math.min(MOST_BYTES, (bytes / seconds) * ANSWER_SECONDS);
    else this.due = time + DRY_MS;
    this.request = null;
  }

  /** The page has turned to another run. */
  begin({ course }, time) {
    this.request = null;
    this.due = -Infinity;
    this.trouble = "";
    if (this.pending?.sent > 0) this.roundTrip = Math.min(LONGEST_TRIP, (time - this.pending.sent) / 1000);
    // A restart that was pressed while a fork was under way is still wanted of the run that the fork made.
    const restarts = this.pending?.name === "restart" && course.length > 1;
    this.pending = restarts ? unsaid("restart", 0) : null;
  }

  /**
   * A changed setting waits to be told from which frame on it holds: the one on screen or, while playing, the one that
   * will be there when the answer comes. Play goes on to that frame and no further.
   */
  consider({ proposal, heard, later }, time) {
    if (this.heard && !heard) this.told = null; // a server that has started anew was told nothing
    this.heard = heard;
    if (this.pending?.name === "fork") {
      if (!proposal) this.pending = null;
      else if (later) Object.assign(this.pending, { sent: time - PATIENCE_MS + LATER_MS, first: null });
    }
    if (!proposal || this.pending || !this.frames.known) return;
    this.pending = unsaid("fork", this.transport.ahead(this.roundTrip));
  }

  /** Have the settings of now from the start on; a run of one setting is that already. */
  restart() {
    if (this.frames.course.length > 1) this.pending = unsaid("restart", 0);
  }

  /** No answer with frames is waited for. */
  hush() { this.request = null; }

  /** What was proposed is overtaken. */
  forget() { this.pending = null; }

  say(name, { frame = this.transport.shown, ...more } = {}) {
    const { recording } = this.frames;
    this.send(name, { recording, turn: this.turn, step: this.frames.step(frame), ...more });
  }

  /** Say where the picture is, and what `more` belongs to it. */
  tell(more) {
    this.told = this.here;
    this.say("at", more);
  }

  /** Say what is due at `time`; `course` gives the one in the page's address, to a player that `greets`. */
  speak(time, { greets, course }) {
    if (this.turn !== null) {
      if (greets) this.greet(time, course);
      this.insist(time);
    }
    this.ask(time);
  }

  /** Until the server knows that somebody plays this run, it would fork at the step in the link. */
  greet(time, course) {
    if (this.heard || time - this.greeted < PATIENCE_MS) return;
    this.greeted = time;
    this.tell({ course: course() });
  }

  /** Say a fork or a restart, again and again, but not forever: whatever got lost on the way, play must move. */
  insist(time) {
    const { pending } = this;
    if (!pending || !this.frames.known || time - pending.sent <= PATIENCE_MS) return;
    pending.first ??= time;
    pending.sent = time;
    if (time - pending.first < LAST_PATIENCE_MS) this.say(pending.name, { frame: pending.frame });
    else {
      this.pending = null;
      this.trouble = UNANSWERED;
    }
  }

  /**
   * Ask for frames before they run out, one request at a time; at rest only for what need not be computed for it. Not of
   * a run that is about to be left: play stays within what is here of it, and the server would compute on.
   */
  ask(time) {
    const { frames, transport } = this;
    if (this.pending || frames.complete || transport.missing(AHEAD_SECONDS) <= 0) return;
    const there = transport.moving ? Infinity : this.computed - frames.known;
    if (there <= 0 || time < this.due) return;
    if (this.request && time - this.request.sent < PATIENCE_MS) return;
    if (this.request) this.bytes /= 2; // perhaps it was too much for this line
    const wanted = transport.target === null ? CHUNK_SECONDS * transport.rate : transport.missing();
    const chunk = Math.ceil(Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, wanted)));
    const count = Math.max(1, Math.min(chunk, there, Math.floor(this.bytes / frames.frameBytes)));
    this.number += 1;
    this.request = { number: this.number, sent: time };
    const { recording, known: start } = frames;
    this.send("more", { recording, turn: this.turn, start, count, number: this.number });
  }

  /** Tell the step on screen once the picture has rested, for the link; each rest once. */
  rest() {
    if (this.transport.moving || !this.frames.known || this.turn === null) return;
    if (this.here !== this.told) this.tell();
  }
}

function unsaid(name, frame) {
  return { name, frame, sent: -Infinity, first: null };
}
