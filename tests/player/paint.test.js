import assert from "node:assert/strict";
import { test } from "node:test";

import { besideEachOther, distanceTo, partOf, placed, thickness } from "../../ui/player/js/paint.js";
import { beside } from "../../ui/player/js/pointer.js";
import { seeded } from "./fakes.js";

/** A plot of 100 x 100: x as it is, y upwards, on a logarithmic axis from 10^-2 to 10^0. */
function plot(type = "linear") {
  const y = type === "log" ? (value) => 0 - 50 * Math.log10(value) : (value) => 100 - value;
  const scales = { x: (value) => value, y: Object.assign(y, { type, domain: () => [0.01, 1] }) };
  return { scale: (name) => scales[name], width: () => 100, height: () => 100 };
}

const across = [0, 1, 2, 3, 4, 5];
const line = (up, type, from = 0) => placed(plot(type), across, up, from, up.length - 1);
const joined = (points) => points.map((point) => point.joined);

test("a line is a stroke from each point to the next", () => {
  const points = line([10, 20, 30]);
  assert.deepEqual(points.map(({ left, top }) => [left, top]), [[0, 90], [1, 80], [2, 70]]);
  assert.deepEqual(joined(points), [false, true, true]);
});

test("a missing number is a gap", () => {
  const points = line([10, NaN, 30, 40]);
  assert.equal(points.length, 3);
  assert.deepEqual(joined(points), [false, false, true]);
});

test("a stroke leads out of the picture and back into it, and none from outside to outside", () => {
  const points = line([10, 200, 300, 20]);
  assert.deepEqual(points.map(({ inside }) => inside), [true, false, false, true]);
  assert.deepEqual(joined(points), [false, true, false, true]);
});

test("what no canvas can count to is brought near", () => {
  const [, infinite] = line([10, Infinity]);
  assert.deepEqual([infinite.top, infinite.joined], [-1e5, true]);
  const [, right] = placed(plot(), [0, -Infinity], [10, 10], 0, 1);
  assert.equal(right.left, -1e5);
});

test("on a logarithmic axis a 0 is one stroke to its lower end, and none along it", () => {
  const points = line([1, 0, 0, 0, 1], "log");
  assert.deepEqual(points.map(({ left, top }) => [left, top]), [[0, 0], [1, 100], [4, 0]]);
  assert.deepEqual(joined(points), [false, true, false]);
});

test("a line that is lengthened goes on where it was", () => {
  const up = [10, 20, 30, 40];
  assert.deepEqual(line(up, "linear", 2).map(({ left }) => left), [2, 3]);
  assert.deepEqual(line([1, 0, 0, 0], "log", 2), []);
});

test("letters of curves that end together stand in a row, and others at their own ends", () => {
  const end = (letter, left, top) => ({ letter, left, top });
  const placed = (ends, width = 300) => Object.fromEntries(
    besideEachOther(ends, width).map(({ letter, left, top }) => [letter, [left, top]]),
  );
  const together = ["A", "B", "C", "D"].map((letter, i) => end(letter, 200, 100 + i));
  const { A, B, C, D } = placed(together);
  assert.deepEqual([A[0], B[0], C[0], D[0]], [168, 180, 192, 204]);
  assert.deepEqual([A[1], D[1]], [94, 97]);
  assert.deepEqual(placed([end("A", 200, 100), end("B", 200, 130)]), { A: [204, 94], B: [204, 124] });
  // At the right and the upper edge they stay inside.
  assert.deepEqual(placed([end("A", 300, 0), end("B", 300, 0)]), { B: [288, 11], A: [276, 11] });
});

test("no two letters hide each other, however many curves end wherever", () => {
  const chance = seeded(5);
  for (let round = 0; round < 200; round += 1) {
    const end = (_, i) => ({ letter: "ABCD"[i % 4], left: 300 * chance(), top: 60 * chance() });
    const ends = Array.from({ length: 20 }, end);
    const letters = besideEachOther(ends, 300);
    letters.forEach((one, i) => letters.slice(i + 1).forEach((other) => {
      assert.ok(Math.abs(one.left - other.left) >= 12 || Math.abs(one.top - other.top) >= 11);
    }));
  }
});

test("a tip stands beside its point, or left of it, or above, and always inside", () => {
  const box = { clientWidth: 300, clientHeight: 200 };
  const tip = { offsetWidth: 80, offsetHeight: 40 };
  assert.deepEqual(beside(100, 100, tip, box), [114, 80]);
  assert.deepEqual(beside(250, 100, tip, box), [156, 80]);
  assert.deepEqual(beside(100, 5, tip, box), [114, 0]);
  assert.deepEqual(beside(60, 100, tip, { clientWidth: 120, clientHeight: 200 }), [20, 46]);
});

test("an edge is as thick as its number, not less than a hair and not more than it may", () => {
  assert.deepEqual([0, -0.1, 2, -3, 100, NaN].map((value) => thickness(value, 2, 9)), [0.4, 0.4, 4, 6, 9, 0.4]);
});

test("a number is found in a wide column and among narrow ones", () => {
  const frames = { wide: new Map([["w", [[1, 2], [3, 4]]]]), columns: new Map([["v_1", [5, 6]]]) };
  assert.equal(partOf(frames, "w", 1, 1), 4);
  assert.equal(partOf(frames, "v", 1, 0), 5);
  assert.ok(Number.isNaN(partOf(frames, "v", 0, 0)));
});

test("how far a place is from a curve that is straight, and from its ends", () => {
  const curve = [[0, 0], [10, 0], [20, 0], [30, 0]];
  assert.ok(Math.abs(distanceTo(curve, 15, 4) - 4) < 0.1);
  assert.equal(distanceTo(curve, -3, 4), 5);
  assert.equal(distanceTo(curve, 33, 4), 5);
});
