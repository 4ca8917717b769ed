import assert from "node:assert/strict";
import { test } from "node:test";

import { ofTable } from "../../ui/player/js/chunk.js";
import { Frames, columnsIn, rowsOf } from "../../ui/player/js/frames.js";
import { answer, run, seeded, table } from "./fakes.js";

const steps = (frames) => [...(frames.columns.get("step")?.subarray(0, frames.known) ?? [])];
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

function filled(known, about) {
  const frames = new Frames(run(about));
  frames.accept(answer(0, known));
  return frames;
}

test("chunks one after the other are the run", () => {
  const frames = new Frames(run({ total: 25 }));
  for (const [start, end] of [[0, 10], [10, 20], [20, 25]]) assert.equal(frames.accept(answer(start, end)), true);
  assert.deepEqual(steps(frames), upTo(25));
  assert.equal(frames.complete, true);
});

test("an answer that leaves a gap, or that is late, changes nothing", () => {
  const frames = filled(10);
  const wrong = { columns: { step: () => -1, loss: () => -1 } };
  assert.equal(frames.accept(answer(11, 20, wrong)), false);
  assert.equal(frames.accept(answer(0, 10, wrong)), false);
  assert.equal(frames.accept(answer(3, 8, wrong)), false);
  assert.deepEqual(steps(frames), upTo(10));
});

test("an answer that overlaps what is known goes on from there", () => {
  const frames = filled(10);
  assert.equal(frames.accept(answer(5, 15)), true);
  assert.deepEqual(steps(frames), upTo(15));
});

test("answers in any order, again and again, never make a wrong frame", () => {
  const random = seeded(1);
  for (let round = 0; round < 50; round += 1) {
    const frames = new Frames(run({ total: 60 }));
    for (let i = 0; i < 40; i += 1) {
      const start = Math.floor(random() * 60);
      const before = frames.known;
      const arrived = frames.accept(answer(start, Math.min(60, start + 1 + Math.floor(random() * 12))));
      assert.equal(arrived, frames.known > before);
    }
    assert.deepEqual(steps(frames), upTo(frames.known));
  }
});

test("an error completes a run, with the frames before", () => {
  const frames = filled(10);
  assert.equal(frames.complete, false);
  frames.accept(answer(10, 12, { error: "out of memory" }));
  assert.equal(frames.complete, true);
  assert.equal(frames.known, 12);
});

test("a wide column is a few numbers for each frame, or bytes", () => {
  const frames = new Frames(run());
  const columns = {
    step: (i) => i,
    cloud: (i) => Float32Array.of(i, -i, i / 2),
    cells: (i) => Uint8Array.of(i, 255 - i),
  };
  frames.accept(answer(0, 4, { columns }));
  frames.accept(answer(4, 6, { columns }));
  const { wide } = frames;
  assert.deepEqual(wide.get("cloud"), upTo(6).map((i) => Float32Array.of(i, -i, i / 2)));
  assert.deepEqual(wide.get("cells"), upTo(6).map((i) => Uint8Array.of(i, 255 - i)));
  assert.equal(frames.columns.has("cloud"), false);
});

test("a wide frame holds no more than its own bytes", () => {
  const frames = new Frames(run());
  frames.accept(answer(0, 2, { columns: { step: (i) => i, cells: () => new Uint8Array(10) } }));
  assert.equal(frames.wide.get("cells")[1].buffer.byteLength, 10);
});

test("the bytes of a frame, and those that are held", () => {
  const frames = new Frames(run({ total: 50 }));
  const columns = { step: (i) => i, loss: (i) => i, cells: () => new Uint8Array(10), cloud: () => new Float32Array(3) };
  assert.equal(frames.bytes, 0);
  frames.accept(answer(0, 4, { columns }));
  assert.equal(frames.frameBytes, 2 * 8 + 10 + 3 * 4);
  assert.equal(frames.bytes, 2 * 8 * 50 + 4 * (10 + 3 * 4)); // numbers have room for all frames
});

test("an answer fits if it has the same columns, in any order", () => {
  const frames = filled(3);
  const fits = (columns, about) => frames.fits({ frames: ofTable(table(columns)), ...about });
  assert.equal(fits({ loss: [1], step: [1] }), true);
  assert.equal(fits({ step: [1] }), false);
  assert.equal(fits({ step: [1], energy: [1] }), false);
  assert.equal(fits({ step: [1], loss: [1], energy: [1] }), false);
  assert.equal(fits({ step: [1], loss: [new Uint8Array(3)] }), false);
  assert.equal(fits({ step: [1], loss: [1] }, { maker: "of another unit" }), false);
  const none = new Frames(run());
  none.accept(answer(40, 50)); // after a fork of which nothing before is here
  assert.equal(none.fits(answer(0, 50)), true);
  assert.equal(none.fits({ ...answer(0, 50), maker: "of another unit" }), false);
});

test("runs share the frames up to the step where their courses part, that one included", () => {
  const shared = (course, about = {}) => filled(80, { course: [[0, "x"], [40, "y"]], ...about }).shared(run({ course }));
  assert.equal(shared([[0, "x"], [40, "y"]]), 80); // the same
  assert.equal(shared([[0, "x"], [40, "z"]]), 41);
  assert.equal(shared([[0, "x"], [20, "y"]]), 21);
  assert.equal(shared([[0, "x"]]), 41);
  assert.equal(shared([[0, "x"], [40, "y"], [60, "z"]]), 61);
  assert.equal(shared([[0, "x"], [40, "y"], [90, "z"]]), 80); // no more than have come
  assert.equal(shared([[0, "z"], [40, "y"]]), 0);
  assert.equal(shared([[0, "x"]], { every: 3 }), 0);
});

test("with several steps a frame, the frames before the parting are shared", () => {
  const mine = filled(80, { every: 11, course: [[0, "x"], [440, "y"]] });
  assert.equal(mine.shared(run({ every: 11, course: [[0, "x"]] })), 41);
  assert.equal(mine.shared(run({ every: 11, course: [[0, "x"], [435, "y"]] })), 40);
});

test("a run that begins with frames of another goes on by itself", () => {
  const one = filled(50);
  const other = new Frames(run({ recording: "b", total: 30 }));
  other.take(one, 20);
  assert.equal(other.known, 20);
  other.accept(answer(20, 30, { columns: { step: (i) => -i, loss: () => 0 } }));
  assert.deepEqual(steps(other), [...upTo(20), ...upTo(10).map((i) => -20 - i)]);
  assert.deepEqual(steps(one), upTo(50)); // not written to
});

test("the step of a frame: the last one may come sooner", () => {
  const frames = new Frames({ ...run({ total: 10, every: 11 }), last: 95 });
  assert.deepEqual([0, 1, 8, 9].map((i) => frames.step(i)), [0, 11, 88, 95]);
});

test("the frame on screen has the one before it, cut to what can be drawn", () => {
  const frames = new Frames(run());
  frames.accept(answer(0, 3, { columns: { step: (i) => i, loss: (i) => [Infinity, NaN, 3][i] } }));
  assert.deepEqual(frames.now(0), { frame: 0, step: 0, loss: 1e300 });
  assert.deepEqual(frames.now(1), { frame: 1, step: 1, loss: null, before_step: 0, before_loss: 1e300 });
});

test("a table of numbers by columns and by rows", () => {
  const numbers = table({ x: [1, 2], y: [NaN, 4] });
  assert.deepEqual([...columnsIn(numbers).get("x")], [1, 2]);
  assert.deepEqual(rowsOf(numbers), [{ x: 1, y: null }, { x: 2, y: 4 }]);
});
