import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { LARGEST_DRAWN, drawable, number } from "../../ui/player/js/numbers.js";

const TABLE = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url)));

// tests/ui/test_theme.py reads the same table.
for (const [value, text] of TABLE) test(`${value} is written as Python writes it`, () => assert.equal(number(Number(value)), text));

test("what is missing is a dash", () => {
  assert.equal(number(null), "—");
  assert.equal(number(undefined), "—");
});

test("what was cut to be drawn is infinite", () => {
  for (const value of [Infinity, -Infinity]) assert.equal(number(drawable(value)), number(value));
});

test("what can be drawn is finite or null", () => {
  assert.equal(drawable(NaN), null);
  assert.equal(drawable(Infinity), LARGEST_DRAWN);
  assert.equal(drawable(-Infinity), -LARGEST_DRAWN);
  assert.equal(drawable(-3.5), -3.5);
});
