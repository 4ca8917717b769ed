import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "../../ui/player/js/memory.js";

const page = (bytes) => ({ frames: { bytes } });
const kept = (memory, keys) => [...keys].filter((key) => memory.recall(key));

test("pages are kept as far as their bytes fit, the newest first", () => {
  const memory = new Memory(100);
  for (const [key, bytes] of [["a", 40], ["b", 30], ["c", 30]]) memory.remember(key, page(bytes));
  assert.deepEqual(kept(memory, "abc"), ["a", "b", "c"]);
  memory.remember("d", page(10));
  assert.deepEqual(kept(memory, "abcd"), ["b", "c", "d"]);
});

test("a page that is seen again is the newest, and its bytes of before are forgotten", () => {
  const memory = new Memory(100);
  for (const [key, bytes] of [["a", 50], ["b", 50], ["a", 45], ["c", 40]]) memory.remember(key, page(bytes));
  assert.deepEqual(kept(memory, "abc"), ["a", "c"]);
});

test("a page that grows makes room for itself", () => {
  const memory = new Memory(100);
  const growing = page(10);
  for (const key of "abc") memory.remember(key, page(30));
  memory.remember("d", growing);
  assert.deepEqual(kept(memory, "abcd"), ["a", "b", "c", "d"]);
  growing.frames.bytes = 70;
  memory.remember("d", growing);
  assert.deepEqual(kept(memory, "abcd"), ["c", "d"]);
});

test("the page on screen is kept however large it is", () => {
  const memory = new Memory(100);
  memory.remember("a", page(10));
  memory.remember("b", page(1000));
  assert.deepEqual(kept(memory, "ab"), ["b"]);
});

test("many pages of few bytes are all kept", () => {
  const memory = new Memory(100);
  const keys = Array.from({ length: 50 }, (_, i) => `page ${i}`);
  for (const key of keys) memory.remember(key, page(2));
  assert.equal(keys.filter((key) => memory.recall(key)).length, 50);
});
