// What is kept of players, so that who comes back to a page finds the run as it was, and so does a player that is put in
// the place of one: some bytes of it, not more.

const MOST_BYTES = 128 * 2 ** 20;

export class Memory {
  constructor(most = MOST_BYTES) {
    this.most = most;
    this.entries = new Map(); // key -> { frames, ... }, the newest last
  }

  recall(key) { return this.entries.get(key); }

  /** Keep an entry, and of the others the newest as far as there is room; this one however large it is. */
  remember(key, entry) {
    this.entries.delete(key);
    this.entries.set(key, entry);
    let bytes = 0;
    for (const [name, { frames }] of [...this.entries].reverse()) {
      bytes += frames.bytes;
      if (bytes > this.most && name !== key) this.entries.delete(name);
    }
  }
}
