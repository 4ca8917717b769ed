import assert from "node:assert/strict";
import { test } from "node:test";

import { at, each, filled, moved } from "../../ui/player/js/words.js";

const EPOCH = ["epoch", "epochs"];
const BATCH = ["batch", "batches"];

test("a step is called what it is", () => {
  assert.equal(at(3, EPOCH), "epoch 3");
  assert.equal(moved(EPOCH), "Epoch on screen");
  assert.equal(each(11, BATCH), "1 frame = 11 batches");
  assert.equal(each(1, BATCH), ""); // there is nothing to say
});

test("a template has the numbers of the frame and of the one before", () => {
  const row = { step: 25000, x: 0.25, before_x: -2 };
  assert.equal(filled("{step}: {before_x}, then {x} and {y}.", row), "25000: −2.000, then 0.2500 and —.");
});

test("a category is written by its label, also that of the frame before", () => {
  const labels = { kind: ["none", "e x^4", "e x^5"] };
  const said = (kind) => filled("{before_kind} to {kind}, {x}", { kind, before_kind: 0, x: 1 }, labels);
  assert.equal(said(2), "none to e x^5, 1.000");
  assert.equal(said(1), "none to e x^4, 1.000");
});

test("what is no number of a label is written as a number", () => {
  const labels = { kind: ["none", "some"] };
  const said = (kind) => filled("{kind}", { kind }, labels);
  assert.deepEqual([2, -1, 0.5, null].map(said), ["2.000", "−1.000", "0.5000", "—"]);
});
