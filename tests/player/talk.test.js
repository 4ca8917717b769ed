import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Frames } from "../../ui/player/js/frames.js";
import { Talk } from "../../ui/player/js/talk.js";
import { Transport } from "../../ui/player/js/transport.js";
import { answer, run } from "./fakes.js";

let said; // [name, what is said]
let transport;
let talk;

function begin(known, about = {}) {
  transport.turn(new Frames(run({ total: 1000, ...about })));
  if (known) transport.frames.accept(answer(0, known));
  transport.arrive();
}

beforeEach(() => {
  said = [];
  transport = new Transport();
  begin(1000);
  talk = new Talk(transport, (name, what) => said.push([name, what]));
  talk.turn = 3;
  talk.heard = true;
});

/** What is said at these times. */
function at(...times) {
  const before = said.length;
  for (const time of times) talk.speak(time, { greets: true, course: () => "0.1 at 20" });
  return said.slice(before);
}

const names = (words) => words.map(([name]) => name);

test("nothing is said of a run that is there and rests", () => {
  assert.deepEqual(at(0, 1000, 9000), []);
  assert.equal(talk.waiting, false);
});

test("it says that it is there, with the course in the address, until it is heard", () => {
  talk.heard = false;
  transport.jump(7);
  assert.deepEqual(at(0), [["at", { recording: "a", turn: 3, step: 7, course: "0.1 at 20" }]]);
  assert.equal(talk.waiting, true);
  assert.deepEqual(at(100, 1900), []);
  assert.deepEqual(names(at(2000)), ["at"]);
  talk.consider({ heard: true, proposal: null });
  assert.deepEqual(at(9000), []);
  assert.equal(talk.waiting, false);
});

test("a rest where it has just said that it is there is not told once more, but one elsewhere is", () => {
  talk.heard = false;
  transport.jump(7);
  at(0);
  talk.rest();
  assert.equal(said.length, 1);
  transport.jump(8);
  talk.rest();
  assert.deepEqual(said[1], ["at", { recording: "a", turn: 3, step: 8 }]);
  transport.jump(7);
  talk.rest();
  assert.equal(said.length, 3);
});

test("it says nothing before something is drawn, nor before there are pictures", () => {
  talk.heard = false;
  talk.speak(0, { greets: false, course: () => "" });
  talk.turn = null;
  talk.restart();
  talk.speak(0, { greets: true, course: () => "" });
  assert.deepEqual(said, []);
});

test("it asks for four seconds more when less than two are left, one request at a time", () => {
  begin(121);
  assert.deepEqual(at(0), []); // 120 frames are two seconds
  transport.jump(2);
  assert.deepEqual(at(0), [["more", { recording: "a", turn: 3, start: 121, count: 240, number: 1 }]]);
  assert.deepEqual(at(16, 1900), []);
});

test("of a run that is about to be left nothing more is asked", () => {
  begin(121);
  transport.jump(2);
  transport.play();
  talk.consider({ heard: true, proposal: true }, 0);
  assert.deepEqual(names(at(0, 1000)), ["fork"]);
  talk.begin({ course: [[0, "x"], [2, "y"]] }, 1500);
  assert.deepEqual(names(at(1500)), ["more"]);
});

test("it asks again if nothing came in two seconds, and the answer to either will do", () => {
  begin(10);
  at(0);
  assert.deepEqual(at(2000).map(([, { number }]) => number), [2]);
  talk.answered(1, 2100, 900);
  assert.equal(talk.waiting, true);
  talk.answered(2, 2100, 900);
  assert.equal(talk.waiting, false);
});

test("it asks no more of a run that is complete, or that stopped", () => {
  begin(10);
  transport.frames.accept(answer(10, 11, { error: "out of memory" }));
  assert.deepEqual(at(0, 5000), []);
});

test("after an answer without a frame it waits a moment, unless the run is another one", () => {
  begin(10);
  at(0);
  talk.answered(1, 100, 0);
  assert.deepEqual(at(110, 340), []);
  assert.deepEqual(names(at(350)), ["more"]);
  talk.answered(2, 400, 0);
  begin(10, { recording: "b" });
  talk.begin({ course: [[0, {}]] }, 410);
  assert.deepEqual(names(at(410)), ["more"]);
  talk.answered(3, 420, 900);
  assert.deepEqual(names(at(421)), ["more"]);
});

test("at rest it asks for no more than the server has, so that nothing is computed for who only looks", () => {
  begin(10);
  talk.computed = 10;
  assert.deepEqual(at(0, 5000), []);
  assert.equal(talk.waiting, false); // and sleeps
  talk.computed = 25;
  assert.deepEqual(at(5016).map(([, { start, count }]) => [start, count]), [[10, 15]]);
});

test("who plays, or goes to a frame that has not come, asks for what must be computed", () => {
  begin(10);
  talk.computed = 10;
  transport.play();
  assert.deepEqual(at(0).map(([, { start, count }]) => [start, count]), [[10, 240]]);
  transport.pause();
  talk.hush();
  transport.jump(500);
  assert.deepEqual(at(16).map(([, { start, count }]) => [start, count]), [[10, 491]]);
});

test("who stays where it is waits for no answer, and one that comes all the same does no harm", () => {
  begin(10);
  talk.computed = 10;
  transport.jump(500);
  at(0);
  transport.stay();
  talk.hush();
  assert.equal(talk.waiting, false);
  talk.answered(1, 100, 900);
  assert.deepEqual(at(3000), []);
});

test("a chunk is neither tiny nor huge", () => {
  begin(10, { total: 20 }); // two frames a second
  transport.jump(8);
  assert.equal(at(0)[0][1].count, 60);
  begin(10, { total: 9000 });
  talk.begin(run(), 0);
  transport.jump(8000);
  assert.equal(at(0)[0][1].count, 2500);
});

const wide = { step: (i) => i, cells: () => new Uint8Array(10_000) };

function pictures(known, about) {
  begin(0, about);
  transport.frames.accept(answer(0, known, { columns: wide }));
}

/** How many frames are asked for after an answer of so many bytes that took so many seconds. */
function after(bytes, seconds) {
  at(0);
  talk.answered(talk.number, 1000 * seconds, bytes);
  talk.request = null;
  said = [];
  return at(0)[0][1].count;
}

test("an answer has no more bytes than the line carries in a second, nor than a mebibyte", () => {
  pictures(10, { total: 2000 });
  transport.jump(1900);
  const frame = 10_008; // cells and step
  assert.equal(at(0)[0][1].count, Math.floor(2 ** 18 / frame)); // a quarter, before it has been measured
  talk.request = null;
  assert.equal(after(2 ** 18, 0.01), Math.floor(2 ** 20 / frame));
  assert.equal(after(500_000, 5), Math.floor(100_000 / frame));
  assert.equal(after(20_000, 5), 1); // play is slow, but it moves
});

test("what is unanswered is asked for again in halves", () => {
  pictures(10, { total: 2000 });
  transport.jump(1900);
  const counts = [0, 2000, 4000].map((time) => at(time)[0][1].count);
  assert.deepEqual(counts, [18, 17, 16].map((power) => Math.floor(2 ** power / 10_008)));
});

test("numbers alone are asked for by time, on any but the slowest line", () => {
  begin(10);
  assert.equal(after(9_600, 0.3), 240);
});

test("to reach a frame it asks for as many as are missing", () => {
  begin(100);
  transport.jump(399);
  assert.equal(at(0)[0][1].count, 300);
});

test("a proposal is answered with the frame on screen, again and again, and then given up", () => {
  transport.jump(40);
  talk.consider({ heard: true, proposal: "p" });
  assert.equal(talk.limit, 40);
  assert.deepEqual(at(100), [["fork", { recording: "a", turn: 3, step: 40 }]]);
  assert.deepEqual(at(200, 2000), []);
  assert.deepEqual(names(at(2101, 4102)), ["fork", "fork"]);
  assert.equal(talk.trouble, "");
  assert.deepEqual(at(6103), []);
  assert.match(talk.trouble, /not answered/);
  assert.equal(talk.limit, Infinity); // play must move
  assert.equal(talk.waiting, false);
});

test("while it plays, it forks so far ahead as the last answer took to come, and plays no further", () => {
  transport.jump(40);
  transport.play();
  talk.consider({ heard: true, proposal: "p" });
  at(100);
  assert.equal(said[0][1].step, 55); // a quarter of a second, to begin with
  assert.equal(talk.limit, 55);
  talk.begin(run({ course: [[0, "x"], [55, "y"]] }), 200);
  assert.equal(talk.limit, Infinity);
  talk.consider({ heard: true, proposal: "q" });
  at(300);
  assert.equal(said[1][1].step, 46);
});

test("a proposal that was taken back is not answered any more", () => {
  talk.consider({ heard: true, proposal: "p" });
  talk.consider({ heard: true, proposal: null });
  assert.deepEqual(at(0), []);
});

test("a fork for which there is no state yet is said again each half second, and never given up", () => {
  transport.jump(40);
  talk.consider({ heard: true, proposal: "p" }, 0);
  const told = [];
  for (let time = 100; time < 20_000; time += 100) {
    const words = at(time);
    told.push(...words.map((word) => [time, word]));
    if (words.length) talk.consider({ heard: true, proposal: "p", later: true }, time + 50);
  }
  const gaps = told.slice(1).map(([time], index) => time - told[index][0]);
  // Half a second after the answer, which comes after 50 ms; looked at each 100 ms, and more than half is waited for.
  assert.ok(gaps.length > 20 && gaps.every((gap) => gap === 600));
  for (const [, word] of told) assert.deepEqual(word, ["fork", { recording: "a", turn: 3, step: 40 }]);
  assert.equal(talk.trouble, "");
  assert.equal(talk.limit, 40); // play goes as far and waits there
});

test("the silence of the server is given up all the same, once it no longer says to wait", () => {
  transport.jump(40);
  talk.consider({ heard: true, proposal: "p" }, 0);
  at(100);
  talk.consider({ heard: true, proposal: "p", later: true }, 200);
  assert.deepEqual(names(at(701, 2702, 4703)), ["fork", "fork", "fork"]);
  assert.deepEqual(at(6704), []);
  assert.match(talk.trouble, /not answered/);
  assert.equal(talk.limit, Infinity);
});

test("an answer to something else leaves a fork its patience", () => {
  talk.consider({ heard: true, proposal: "p" }, 0);
  at(100);
  talk.consider({ heard: true, proposal: "p", later: false }, 200);
  assert.deepEqual(at(800, 2100), []);
  assert.deepEqual(names(at(2101)), ["fork"]);
});

test("a proposal that is taken back while its fork must wait is not said again", () => {
  talk.consider({ heard: true, proposal: "p" }, 0);
  at(100);
  talk.consider({ heard: true, proposal: "p", later: true }, 200);
  talk.consider({ heard: true, proposal: null, later: false }, 300);
  assert.deepEqual(at(900, 9000), []);
  assert.equal(talk.limit, Infinity);
});

test("a second proposal waits for the first to be answered", () => {
  transport.jump(40);
  talk.consider({ heard: true, proposal: "p" });
  at(0);
  transport.jump(50);
  talk.consider({ heard: true, proposal: "q" });
  assert.equal(talk.limit, 40);
});

test("a restart is said of a run with earlier settings, and of no other", () => {
  talk.restart();
  assert.deepEqual(at(0), []);
  begin(1000, { course: [[0, "x"], [40, "y"]] });
  transport.jump(70);
  talk.restart();
  assert.deepEqual(at(100), [["restart", { recording: "a", turn: 3, step: 0 }]]);
});

test("a restart under way is said of the run that a fork has made, unless that has begun anew", () => {
  begin(1000, { course: [[0, "x"], [40, "y"]] });
  talk.restart();
  at(100);
  talk.begin(run({ course: [[0, "x"], [40, "y"], [60, "z"]] }), 300);
  assert.deepEqual(names(at(400)), ["restart"]);
  talk.begin(run({ course: [[0, "y"]] }), 500);
  assert.deepEqual(at(600), []);
});

test("another run ends what was said of the one before", () => {
  begin(10);
  at(0);
  talk.trouble = "The server has not answered.";
  talk.begin(run(), 100);
  assert.deepEqual([talk.request, talk.trouble], [null, ""]);
  assert.deepEqual(names(at(116)), ["more"]);
});

test("a rest is told once", () => {
  transport.jump(12);
  talk.rest();
  talk.rest();
  assert.deepEqual(said, [["at", { recording: "a", turn: 3, step: 12 }]]);
  transport.jump(13);
  talk.rest();
  assert.equal(said.length, 2);
});

test("to a server that has started anew a rest is told again", () => {
  talk.rest();
  talk.consider({ heard: false, proposal: null });
  talk.rest();
  talk.consider({ heard: true, proposal: null });
  talk.rest();
  assert.deepEqual(names(said), ["at", "at"]);
});

test("no rest is told while it plays, or waits for a frame, or has none", () => {
  transport.play();
  talk.rest();
  begin(10);
  transport.jump(500);
  talk.rest();
  begin(0);
  transport.jump(0);
  talk.rest();
  assert.deepEqual(said, []);
});

test("a frame is told as its step", () => {
  begin(50, { every: 11 });
  transport.jump(4);
  talk.say("pick", { x: 1, y: 2 });
  assert.deepEqual(said, [["pick", { recording: "a", turn: 3, step: 44, x: 1, y: 2 }]]);
});
