import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { answerAt, ofTable, unpacked } from "../../ui/player/js/chunk.js";
import { table } from "./fakes.js";

const { fetch } = globalThis;

afterEach(() => {
  globalThis.fetch = fetch;
  delete globalThis.document;
});

/** A message as ui/supply.py packs it; tests/ui/test_supply.py has the other end. */
function message(said, columns) {
  const named = columns.map(([name, values, each]) =>
    [name, values.constructor.name.replace("Array", "").toLowerCase(), each]);
  const head = new TextEncoder().encode(JSON.stringify({ ...said, frames: { rows: 2, columns: named } }));
  const parts = [Uint8Array.of(head.length % 256, head.length >> 8, 0, 0, ...head), ...columns.map(([, values]) => values)];
  const bytes = parts.flatMap(({ buffer, byteLength }) => {
    const room = new Uint8Array(Math.ceil(byteLength / 8) * 8);
    room.set(new Uint8Array(buffer, 0, byteLength));
    return [...room];
  });
  return Uint8Array.from(bytes).buffer;
}

const NUMBERS = { step: Int32Array.of(4, 5), loss: Float64Array.of(Infinity, NaN) };
const CLOUD = [Float32Array.of(0.5, -1, 2), Float32Array.of(3, 4, 5)];
const CELLS = [Uint8Array.of(0, 255, 7), Uint8Array.of(1, 2, 3)];
const joined = (rows) => rows[0].constructor.from(rows.flatMap((row) => [...row]));
const CHUNK = message({ number: 7, start: 4 }, [
  ["step", NUMBERS.step, 0], ["loss", NUMBERS.loss, 0], ["cloud", joined(CLOUD), 3], ["cells", joined(CELLS), 3],
]);

/** A chunk in plain words. */
function told({ rows, narrow, wide }) {
  const rowsOf = (valuesOf) => Array.from({ length: rows }, (_, row) => valuesOf(row));
  return {
    narrow: Object.fromEntries([...narrow].map(([name, values]) => [name, [...values]])),
    wide: Object.fromEntries([...wide].map(([name, valuesOf]) => [name, rowsOf(valuesOf)])),
  };
}

test("frames are the same, however they have travelled", () => {
  const { frames, ...said } = unpacked(CHUNK);
  assert.deepEqual(said, { number: 7, start: 4 });
  assert.equal(frames.rows, 2);
  assert.deepEqual(told(frames), {
    narrow: { step: [4, 5], loss: [Infinity, NaN] },
    wide: { cloud: CLOUD, cells: CELLS },
  });
  const numbers = Object.fromEntries(Object.entries(NUMBERS).map(([name, values]) => [name, [...values]]));
  assert.deepEqual(told(ofTable(table({ ...numbers, cloud: CLOUD, cells: CELLS }))), told(frames));
});

test("a question goes to its address below the page's own, and what comes is an answer", async () => {
  globalThis.document = { baseURI: "http://host/learn/xor?xor.steps=3" };
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(new URL(url));
    return new Response(CHUNK);
  };
  const answer = await answerAt("frames/abc", { recording: "a", start: 4 });
  assert.equal(answer.start, 4);
  assert.equal(asked[0].origin + asked[0].pathname, "http://host/learn/frames/abc");
  assert.deepEqual(JSON.parse(asked[0].searchParams.get("asked")), { recording: "a", start: 4 });
});

test("where there is no answer there is none, and no error", async () => {
  globalThis.document = { baseURI: "http://host/" };
  const broken = new Response(new Uint8Array(3));
  for (const response of [new Response(null, { status: 204 }), new Response("", { status: 500 }), broken]) {
    globalThis.fetch = async () => response;
    assert.equal(await answerAt("frames/abc", {}), null);
  }
  globalThis.fetch = async () => { throw new TypeError("Failed to fetch"); };
  assert.equal(await answerAt("frames/abc", {}), null);
  globalThis.fetch = (_, { signal }) => new Promise((_, fail) => { signal.onabort = () => fail(signal.reason); });
  const busy = setTimeout(() => {}, 1000); // a signal's own clock keeps no process waiting
  assert.equal(await answerAt("frames/abc", {}, 5), null);
  clearTimeout(busy);
});
