// How numbers are written, and cut to what can be drawn.

export const LARGEST_DRAWN = 1e300; // Infinity would blank a chart

/** A number as charts take it: no larger than can be drawn, null for what is none. */
export function drawable(value) {
  return Number.isNaN(value) ? null : Math.max(-LARGEST_DRAWN, Math.min(LARGEST_DRAWN, value));
}

/** Four significant digits; `number` in theme.py writes them the same way. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size >= LARGEST_DRAWN) return `${sign}∞`;
  if (size === 0) return "0";
  const [mantissa, exponent] = size.toExponential(3).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return sign + Number(size.toPrecision(4)).toFixed(Math.max(3 - power, 0));
  return `${sign}${mantissa}\u2009×\u200910${raised(power)}`;
}

function raised(power) {
  return String(power).replace(/./g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
}
