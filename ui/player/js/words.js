// What is said in words: what a step is called ([one, several], from the server), and templates with their values.

import { number } from "./numbers.js";

/** Where a run is: "epoch 3". */
export const at = (step, [one]) => `${one} ${step}`;

/** What the slider below the charts moves: "Epoch on screen". */
export const moved = ([one]) => `${one[0].toUpperCase()}${one.slice(1)} on screen`;

/** What a frame stands for, where that is several steps. */
export const each = (every, [, several]) => (every > 1 ? `1 frame = ${every} ${several}` : "");

/**
 * A template with the values of `row`, as numbers are written. Of a column with `labels` the value k is the k-th of
 * them, also in the frame before.
 */
export function filled(template, row, labels = {}) {
  return template.replace(/\{(\w+)\}/g, (_, name) => {
    if (name === "step") return String(row.step);
    const named = labels[name] ?? labels[name.replace(/^before_/, "")];
    return named?.[row[name]] ?? number(row[name]);
  });
}
