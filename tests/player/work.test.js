import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Work } from "../../ui/player/js/work.js";
import { seeded } from "./fakes.js";

let work;

beforeEach(() => { work = new Work(); });

/** What an answer says of a run of 200 frames: one by Streamlit, with a run of a part of the page, if not otherwise said. */
function hear(said, time = 0, run = "part") {
  work.hear({ computed: 50, total: 200, computing: true, left: 30, error: null, ...said }, time, run);
}

const shown = () => [work.text, work.offer];

test("before an answer nothing is told and nothing looked at", () => {
  assert.deepEqual(shown(), ["", ""]);
  assert.equal(work.looks(1e9), false);
});

test("a run that takes long is told, with the time left and the button that stops it", () => {
  hear({});
  assert.deepEqual(shown(), ["25 % computed, about 30 s left", "Stop computing"]);
});

test("a run that is soon there is not", () => {
  hear({ left: 2 });
  assert.deepEqual(shown(), ["", ""]);
  hear({ left: null }); // before its first update
  assert.deepEqual(shown(), ["", ""]);
  hear({ left: 2.01 });
  assert.equal(work.offer, "Stop computing");
});

test("what was told once is told until all is there", () => {
  hear({ left: 9 });
  hear({ computed: 199, left: 0.05 });
  assert.deepEqual(shown(), ["99 % computed, about 1 s left", "Stop computing"]);
  hear({ computed: 200, computing: false, left: 0 });
  assert.deepEqual(shown(), ["", ""]);
});

test("one that nobody computes is told, however short, with the button that goes on", () => {
  hear({ computing: false, left: 0.5 });
  assert.deepEqual(shown(), ["25 % computed", "Compute the rest"]);
});

test("a run that stopped by an error has no rest", () => {
  hear({});
  hear({ computing: false, error: "out of memory" });
  assert.deepEqual(shown(), ["", ""]);
});

test("all is said to be computed only when it is", () => {
  for (const [computed, part] of [[0, 0], [1, 0], [2, 1], [1990, 99], [1999, 99]]) {
    hear({ computed, total: 2000 / (computed < 3 ? 10 : 1) });
    assert.match(work.text, new RegExp(`^${part} % computed`));
  }
});

test("the time left is in seconds, and from a minute and a half on in minutes", () => {
  const words = [[2.4, "2 s"], [59.6, "60 s"], [89.9, "90 s"], [90, "2 min"], [149, "2 min"], [3600, "60 min"]];
  for (const [left, text] of words) {
    hear({ left });
    assert.equal(work.text, `25 % computed, about ${text} left`);
  }
});

test("no time is told that is not known", () => {
  hear({});
  hear({ left: null });
  assert.equal(work.text, "25 % computed");
});

test("while it computes it is looked at soon after a run of the page, and then each second", () => {
  hear({}, 1000, "page");
  assert.deepEqual([1299, 1300].map((time) => work.looks(time)), [false, true]);
  hear({}, 1350);
  assert.deepEqual([2349, 2350].map((time) => work.looks(time)), [false, true]);
});

test("a look that is not answered is given up after four seconds", () => {
  hear({}, 0);
  assert.equal(work.looks(1000), true);
  assert.deepEqual([1001, 4999, 5000, 5001].map((time) => work.looks(time)), [false, false, true, false]);
});

test("nothing that stands still is looked at", () => {
  hear({ computing: false });
  assert.equal(work.looks(1e9), false);
  hear({ computed: 200, computing: false });
  assert.equal(work.looks(1e9), false);
});

test("the page is told when what it shows is overtaken, until it has run", () => {
  hear({}, 0);
  hear({ computed: 200, computing: false }, 1000, null);
  assert.deepEqual([work.overtaken, work.looks(1000), work.looks(1001)], [true, true, false]);
  hear({ computed: 200, computing: false }, 1500, null); // frames that play asked for
  assert.equal(work.looks(1500), false);
  assert.equal(work.looks(5000), true); // that word was lost
  hear({ computed: 200, computing: false }, 5100, "page");
  assert.deepEqual([work.overtaken, work.looks(1e9)], [false, false]);
});

test("it is overtaken by a run that stopped on the way, by one that went on since, and by nothing else", () => {
  const overtaken = (shown, now) => {
    hear(shown, 0, "page");
    hear(now, 1000, null);
    return work.overtaken;
  };
  const stopped = { computing: false };
  assert.equal(overtaken({}, stopped), true); // the page said that more will come
  assert.equal(overtaken(stopped, { computed: 60, ...stopped }), true);
  assert.equal(overtaken(stopped, stopped), false);
  assert.equal(overtaken(stopped, {}), false); // more will come
});

test("who wants all of it looks until it is there, though the server has stopped meanwhile", () => {
  work.insists = true;
  hear({ computing: false }, 0);
  assert.equal(work.looks(1000), true);
  assert.equal(work.insists, true);
  hear({ computed: 200, computing: false }, 1100);
  assert.equal(work.insists, false);
  assert.equal(work.looks(1e9), false);
});

test("or until an error, which would be looked at for ever", () => {
  work.insists = true;
  hear({ computing: false, error: "out of memory" }, 0);
  assert.equal(work.insists, false);
  assert.equal(work.looks(1e9), false);
});

test("another run begins without what was wanted of the one before", () => {
  work.insists = true;
  hear({});
  work.begin();
  hear({ left: 1 });
  assert.equal(work.insists, false);
  assert.deepEqual(shown(), ["", ""]);
});

test("whatever is said, there is a button exactly where there are words, and it does what is not being done", () => {
  const random = seeded(5);
  for (let i = 0; i < 2000; i += 1) {
    if (random() < 0.1) work.begin();
    const total = 1 + Math.floor(300 * random());
    const computed = random() < 0.2 ? total : Math.floor(total * random());
    const error = random() < 0.1 ? "gone" : null;
    const over = computed === total || error !== null;
    const computing = !over && random() < 0.5;
    const left = random() < 0.1 ? null : 200 * random();
    hear({ computed, total, computing, left, error });
    assert.equal(work.text === "", work.offer === "");
    if (over) assert.equal(work.offer, "");
    else if (!computing) assert.equal(work.offer, "Compute the rest");
    else assert.ok(["", "Stop computing"].includes(work.offer));
    assert.doesNotMatch(work.text, /100 %|NaN|null|Infinity/);
    assert.equal(Number.isFinite(work.due), computing);
  }
});
