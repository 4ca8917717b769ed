// How far the server has computed the run, and whether it shall go on. Pure: the times are given.

const FIRST_LOOK_MS = 300; // after a run of the page: what a short run shows as a whole is soon there
const LOOK_MS = 1000; // what else the server says tells it too
const PATIENCE_MS = 4000; // after which a look is given up
const LONG_SECONDS = 2; // what takes longer is told

export class Work {
  constructor() {
    this.computed = 0; // frames that the server has
    this.total = 0; // frames that there will be
    this.left = null; // seconds that the rest takes
    this.computing = false; // whether the server goes on by itself
    this.insists = false; // whether the visitor wants all of it
    this.long = false; // whether it is told how far it is
    this.shown = null; // frames that there were at the last run by Streamlit, if no more were to come then
    this.due = Infinity; // when to look
  }

  /** Whether the page shows less than there is, and all is there that will come for now. */
  get overtaken() { return !this.computing && this.computed !== this.shown; }

  /** Another run. */
  begin() {
    this.insists = false;
    this.long = false;
  }

  /** What an answer says; one by Streamlit comes with a `run`, of the "page" or of a "part" of it. */
  hear({ computed, total, computing, left, error }, time, run = null) {
    const { overtaken } = this;
    Object.assign(this, { computed, total, computing, left });
    if (run) this.shown = computing ? null : computed;
    this.insists &&= computed < total && !error;
    this.long = computed < total && !error && (this.long || !computing || left > LONG_SECONDS);
    if (computing || this.insists) this.due = time + (run === "page" ? FIRST_LOOK_MS : LOOK_MS);
    else if (!this.overtaken) this.due = Infinity;
    else if (!overtaken) this.due = time; // else the page has been told
  }

  /** Whether to look now. */
  looks(time) {
    if (time < this.due) return false;
    this.due = time + PATIENCE_MS;
    return true;
  }

  get text() {
    if (!this.long) return "";
    const part = `${Math.floor((100 * this.computed) / this.total)} % computed`;
    return this.computing && this.left !== null ? `${part}, ${lasting(this.left)} left` : part;
  }

  /** What a press of the button does now. */
  get offer() {
    if (!this.long) return "";
    return this.computing ? "Stop computing" : "Compute the rest";
  }
}

function lasting(seconds) {
  return seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : `about ${Math.round(seconds / 60)} min`;
}
