/**
 * The label of a host as it is shown (Punycode, RFC 3492 §6.2); one that is not well formed is given back as it is.
 *
 * @example decodeLabel("xn--bcher-kva") // "bücher"
 */
export function decodeLabel(label: string): string {
  if (!label.startsWith("xn--") || label.length > 63) return label;
  const encoded = label.slice(4);
  const dash = encoded.lastIndexOf("-");
  const out: number[] = [];
  for (let at = 0; at < dash; at++) out.push(encoded.charCodeAt(at));
  let codePoint = 128;
  let i = 0;
  let bias = 72;
  for (let at = dash > 0 ? dash + 1 : 0; at < encoded.length;) {
    const before = i;
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = digitOf(encoded.charCodeAt(at++));
      if (digit < 0) return label;
      i += digit * weight;
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    bias = adaptedBias(i - before, out.length + 1, before === 0);
    codePoint += Math.floor(i / (out.length + 1));
    i %= out.length + 1;
    if (codePoint > 0x10ffff) return label;
    out.splice(i++, 0, codePoint);
  }
  return String.fromCodePoint(...out);
}

function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}

function adaptedBias(delta: number, points: number, first: boolean): number {
  let rest = Math.floor(first ? delta / 700 : delta / 2);
  rest += Math.floor(rest / points);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}
