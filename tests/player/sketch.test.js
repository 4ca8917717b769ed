import assert from "node:assert/strict";
import { test } from "node:test";

import { Line, Strokes, likeliest, spoken, stepOnScreen } from "../../ui/sketch/sketch.js";

test("points that are near the last one are left out, those beyond the square are on its edge", () => {
  const strokes = new Strokes();
  strokes.begin(0.5, 0.5);
  assert.equal(strokes.extend(0.505, 0.5), false);
  assert.equal(strokes.extend(0.52, 0.5), true);
  assert.equal(strokes.extend(1.5, -3), true);
  strokes.begin(0.1, 0.1);
  assert.deepEqual(strokes.rows, [[[0.5, 0.5], [0.52, 0.5], [1, 0]], [[0.1, 0.1]]]);
  strokes.clear();
  assert.equal(strokes.extend(0.3, 0.3), false); // no stroke is begun
  assert.deepEqual(strokes.rows, []);
});

test("a drawing has an end: no more points are taken than the server does", () => {
  const strokes = new Strokes();
  strokes.begin(0, 0);
  for (let k = 1; k < 4000; k += 1) strokes.extend((k % 50) / 50, (k % 53) / 53);
  strokes.begin(0.5, 0.5);
  assert.equal(strokes.count, 1500);
});

test("what a server kept is drawn on, and stays its own", () => {
  const kept = [[[0.1, 0.2]]];
  const strokes = new Strokes(kept);
  strokes.extend(0.5, 0.5);
  assert.equal(strokes.count, 2);
  assert.deepEqual(kept, [[[0.1, 0.2]]]);
});

test("one word is under way, and of those that wait only the newest is said", () => {
  const said = [];
  const line = new Line((number, strokes) => said.push([number, strokes]));
  line.change("a", 0);
  line.change("b", 10);
  line.change("c", 20);
  assert.deepEqual(said, [[1, "a"]]);
  line.answered(1, 30);
  assert.deepEqual(said.slice(1), [[2, "c"]]);
  line.answered(2, 40);
  assert.equal(said.length, 2); // nothing waits
  line.answered(2, 50); // told twice
  line.change("d", 60);
  assert.deepEqual(said.at(-1), [3, "d"]);
  line.answered(2, 70); // of a word before
  line.change("e", 80);
  assert.equal(said.length, 3);
});

test("what nobody answers is said again, the newest of it", () => {
  const said = [];
  const line = new Line((number, strokes) => said.push([number, strokes]));
  line.change("a", 0);
  line.speak(1000);
  assert.equal(said.length, 1);
  line.speak(1600);
  assert.deepEqual(said.at(-1), [2, "a"]);
  line.change("b", 1700);
  line.speak(3200);
  assert.deepEqual(said.at(-1), [3, "b"]);
});

test("the likeliest class, and what is said of it", () => {
  assert.equal(likeliest([0.1, 0.6, 0.3]), 1);
  assert.equal(likeliest([null, null]), null);
  assert.equal(likeliest([null, 0]), 1);
  const runs = [{ title: "on screen", opinion: [0.25, 0.75] }, { title: "A", opinion: [null, null] }];
  assert.equal(spoken(runs, ["bag", "coat"]), "on screen: coat, 75 %; A: nothing");
});

test("the step on screen is the player's, and none where there is no player", () => {
  globalThis.document = new EventTarget();
  assert.equal(stepOnScreen(), null);
  document.addEventListener("player-step", ({ detail }) => { detail.step = 7; });
  assert.equal(stepOnScreen(), 7);
});
