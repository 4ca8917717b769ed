import assert from "node:assert/strict";
import { test } from "node:test";

import { LARGEST, NO_NUMBER, cellAt, meaningOf, paletteOf } from "../../ui/player/js/raster.js";

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
