import assert from "node:assert/strict";
import { test } from "node:test";

import { LARGEST, NO_NUMBER, banded, barsOf, cellAt, levelLine, meaningOf, paletteOf } from "../../ui/player/js/raster.js";

const hex = (byte) => byte.toString(16).padStart(2, "0");

test("a palette has the colour of each byte as the four parts of a pixel, and none where there is no number", () => {
  const text = Array.from({ length: LARGEST + 1 }, (_, byte) => hex(byte) + hex(255 - byte) + hex(7)).join("");
  const pixels = new Uint8Array(paletteOf(text).buffer);
  for (let byte = 0; byte <= LARGEST; byte += 1) {
    assert.deepEqual([...pixels.subarray(4 * byte, 4 * byte + 4)], [byte, 255 - byte, 7, 255]);
  }
  assert.deepEqual([...pixels.subarray(4 * NO_NUMBER)], [0, 0, 0, 0]);
});

test("the cell at a place, on an axis that goes either way", () => {
  assert.deepEqual([0, 24.9, 25, 99.9].map((place) => cellAt(place, 0, 100, 4)), [0, 0, 1, 3]);
  assert.deepEqual([99.9, 76, 75, 0.1].map((place) => cellAt(place, 100, 0, 4)), [0, 0, 1, 3]);
  assert.deepEqual([-0.1, 100].map((place) => cellAt(place, 0, 100, 4)), [null, null]);
});

test("each byte means a value within half a step, and what may lie beyond a limit says so", () => {
  for (const [low, high] of [[-1, 1], [0, 40], [1e-8, 3e-8], [-5e6, 2e6]]) {
    const step = (high - low) / LARGEST;
    for (let byte = 0; byte <= LARGEST; byte += 1) {
      const { value, sign } = meaningOf(byte, [low, high]);
      // A value is written to a digit that is no coarser than a step.
      assert.ok(Math.abs(value - (low + byte * step)) <= step / 2 + 1e-12 * step, `${byte}`);
      assert.equal(sign, { 0: "≤ ", 254: "≥ " }[byte] ?? "");
    }
  }
  assert.ok(Number.isNaN(meaningOf(NO_NUMBER, [0, 1]).value));
});

test("the line at a level is where bytes that change evenly come to it", () => {
  const [columns, rows] = [7, 5];
  for (const [across, up] of [[9, 0], [0, -7], [5, 11], [-8, 3]]) {
    const height = (x, y) => 127 + across * (x - 3) + up * (y - 2);
    const bytes = Uint8Array.from({ length: columns * rows }, (_, k) => height(k % columns, Math.floor(k / columns)));
    const strokes = levelLine(bytes, columns, 129.5);
    assert.ok(strokes.length > 3);
    for (const [x, y, toX, toY] of strokes) {
      assert.ok(Math.abs(height(x, y) - 129.5) < 1e-9 && Math.abs(height(toX, toY) - 129.5) < 1e-9);
      assert.ok(Math.hypot(toX - x, toY - y) <= Math.SQRT2); // within one square
    }
  }
});

test("of corners alike across a square the mean says which the line parts, as in core/rasters.py", () => {
  const ends = (bytes) => levelLine(Uint8Array.from(bytes), 2, 100).map(([x, y, toX, toY]) => {
    const round = (value) => Math.round(value * 1e6) / 1e6;
    return [[x, y].map(round), [toX, toY].map(round)].sort().join(" ");
  }).sort();
  assert.deepEqual(ends([200, 0, 0, 120]), ["0,0.5 0.5,0", "0.833333,1 1,0.833333"]);
  assert.deepEqual(ends([200, 0, 0, 250]), ["0,0.5 0.4,1", "0.5,0 1,0.4"]);
});

test("a line at a level ends nowhere inside, and not beside what is no number", () => {
  const random = Uint8Array.from({ length: 42 }, (_, k) => (k * 7919 + k * k * 104729) % 255);
  const met = new Map();
  for (const [x, y, toX, toY] of levelLine(random, 7, 127)) {
    for (const end of [[x, y], [toX, toY]]) {
      if (end[0] > 0 && end[0] < 6 && end[1] > 0 && end[1] < 5) {
        const name = end.map((value) => value.toFixed(9)).join();
        met.set(name, (met.get(name) ?? 0) + 1);
      }
    }
  }
  assert.ok(met.size > 10 && [...met.values()].every((count) => count % 2 === 0));
  assert.equal(levelLine(Uint8Array.from([0, 200, 0, NO_NUMBER, 200, 0]), 3, 100).length, 1);
});

test("a palette of bands has the middle colour of each, and none where there is no number", () => {
  const palette = Uint32Array.from({ length: 256 }, (_, byte) => byte);
  const two = banded(palette, 2);
  assert.deepEqual([0, 126, 127, 254].map((byte) => two[byte]), [64, 64, 191, 191]);
  assert.equal(two[NO_NUMBER], NO_NUMBER);
  assert.equal(palette[0], 0); // its argument is as it was
});

test("bars stand on one line, each as high as its number, and one of a row is marked", () => {
  const bytes = Uint8Array.from([0, 127, LARGEST, NO_NUMBER, LARGEST, 0]);
  const bars = barsOf(bytes, 3, [1, 2]);
  assert.deepEqual(bars.map(({ marked }) => marked), [false, true, false, false, false, true]);
  const whole = bars[2].high;
  assert.ok(whole > 0.4 && whole < 0.5); // of two rows
  const highs = bars.map(({ high }) => high / whole);
  for (const [k, share] of [0, 0.5, 1, 0, 1, 0].entries()) assert.ok(Math.abs(highs[k] - share) < 1e-12, `${k}`);
  for (const [k, { left, top, wide, high }] of bars.entries()) {
    assert.ok(left > (k % 3) / 3 && left + wide < (k % 3 + 1) / 3);
    const foot = top + high - Math.floor(k / 3) / 2;
    assert.ok(Math.abs(foot - bars[0].top) < 1e-12 && foot < 0.5);
  }
});
