// The frames of an answer, however they have travelled: { rows, narrow, wide }. Of a narrow column `narrow` has the
// numbers, of a wide one `wide` has a function that gives those of a row.

const ALIGNED = 8; // bytes: columns begin at multiples of it
const HEAD = 4; // bytes that say how long the head is
const PATIENCE_MS = 10_000; // an answer that takes longer does not come: some proxies say nothing
const TYPES = { int32: Int32Array, float64: Float64Array, float32: Float32Array, uint8: Uint8Array };

/** As Streamlit brings them, an Arrow table. */
export function ofTable(table) {
  const chunk = { rows: table.numRows, narrow: new Map(), wide: new Map() };
  for (const { name, type } of table.schema.fields) {
    const column = table.getChild(name);
    if (type.byteWidth) chunk.wide.set(name, (row) => column.get(row));
    else if (type.listSize) chunk.wide.set(name, (row) => column.get(row).toArray());
    else chunk.narrow.set(name, column.toArray());
  }
  return chunk;
}

/** A message of `packed` in ui/supply.py: an answer with its frames. */
export function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEAD, length)));
  const { rows, columns } = answer.frames;
  const chunk = { rows, narrow: new Map(), wide: new Map() };
  let place = aligned(HEAD + length);
  for (const [name, type, each] of columns) {
    const values = new TYPES[type](buffer, place, rows * (each || 1));
    if (each) chunk.wide.set(name, (row) => values.subarray(row * each, (row + 1) * each));
    else chunk.narrow.set(name, values);
    place = aligned(place + values.byteLength);
  }
  return { ...answer, frames: chunk };
}

function aligned(place) { return Math.ceil(place / ALIGNED) * ALIGNED; }

/** What the server answers at an address for frames; null where it gives none there, or is not there. */
export async function answerAt(address, said, patience = PATIENCE_MS) {
  const asked = new URLSearchParams({ asked: JSON.stringify(said) });
  const signal = AbortSignal.timeout(patience);
  try {
    const answer = await fetch(`${new URL(address, document.baseURI)}?${asked}`, { signal });
    return answer.status === 200 ? unpacked(await answer.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
