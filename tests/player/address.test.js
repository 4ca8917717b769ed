import assert from "node:assert/strict";
import { test } from "node:test";

import { courseIn, samePage, written } from "../../ui/player/js/address.js";

const PAGE = "http://localhost/matrix_game?matrix_game.rate=0.3&matrix_game.view=Learners";

test("the player's part is written and the controls are left as they are", () => {
  const { search } = written(PAGE, { "matrix_game.at": "40", "matrix_game.course": "" });
  assert.equal(search, "?matrix_game.rate=0.3&matrix_game.view=Learners&matrix_game.at=40");
});

test("what is empty is taken out", () => {
  const { search } = written(`${PAGE}&matrix_game.at=40`, { "matrix_game.at": "" });
  assert.equal(search, new URL(PAGE).search);
});

test("an address that says it already stays as it is, to the letter", () => {
  const odd = "http://localhost/a?a.x=1,%202&a.y=%5B3%5D";
  assert.equal(written(odd, {}).href, odd);
});

test("a course comes back from the address it was written to", () => {
  const parts = { "a.at": "3", "a.course": "0:0.05 & 40:0.3 + é" };
  assert.equal(courseIn(written(PAGE, parts).href, Object.keys(parts)), parts["a.course"]);
  assert.equal(courseIn(PAGE, Object.keys(parts)), "");
});

test("a page is the same whatever its query", () => {
  for (const same of ["?x=1", "/matrix_game", "/matrix_game?y=2#z", PAGE]) assert.equal(samePage(same, PAGE), true);
  for (const other of ["/", "/gradient_descent?matrix_game.rate=0.3"]) assert.equal(samePage(other, PAGE), false);
});
