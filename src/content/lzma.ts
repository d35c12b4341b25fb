/**
 * LZMA and LZMA2 as 7z and xz have them (Igor Pavlov's LZMA specification, xz's description of LZMA2): a range decoder, and matches
 * that copy from what came out already. The output itself is the dictionary, so that a stream asks for no memory but its own.
 */
import { LzmaState, type LzmaParameters } from "./lzma-state.ts";

/** What came out. */
export interface Unlzma {
  /** All of it, or what came before the break. */
  readonly bytes: Buffer;
  /** As many as were announced. */
  readonly whole: boolean;
}

/**
 * Unpacks a raw LZMA stream to `size` bytes. Never throws; the caller has bounded `size`, and the work follows from it.
 *
 * @param properties the five bytes that 7z keeps beside it: lc, lp and pb in one, then the size of the dictionary
 */
export function unpackLzma(packed: Buffer, properties: Buffer, size: number): Unlzma {
  const out = Buffer.alloc(size);
  const parameters = parametersOf(properties[0] ?? 255);
  if (parameters === undefined || packed.length < 5) return cut(out, 0);
  const state = new LzmaState(out);
  state.setParameters(parameters);
  state.begin(packed, 0);
  state.run(size);
  return cut(out, state.length);
}

/** The same of LZMA2: chunks, packed or not, each with its sizes. */
export function unpackLzma2(packed: Buffer, size: number): Unlzma {
  const out = Buffer.alloc(size);
  const state = new LzmaState(out);
  let hasParameters = false;
  for (let at = 0; state.length < size;) {
    const control = packed[at] ?? 0;
    if (control === 0 || at + (control < 0x80 ? 4 : 6) > packed.length) break;
    if (control < 0x80) {
      const length = packed.readUInt16BE(at + 1) + 1;
      if (control === 1) state.resetDictionary();
      if (control > 2 || !state.copy(packed.subarray(at + 3, at + 3 + length), length)) break;
      at += 3 + length;
      continue;
    }
    const unpackedLength = (control & 0x1f) * 65_536 + packed.readUInt16BE(at + 1) + 1;
    const packedLength = packed.readUInt16BE(at + 3) + 1;
    const reset = (control >> 5) & 3;
    at += 5;
    if (reset === 3) state.resetDictionary();
    if (reset >= 2) {
      const parameters = parametersOf(packed[at] ?? 255);
      at += 1;
      if (parameters === undefined) break;
      state.setParameters(parameters);
      hasParameters = true;
    } else if (!hasParameters) break;
    else if (reset === 1) state.reset();
    const end = state.length + unpackedLength;
    state.begin(packed.subarray(at, at + packedLength), 0);
    state.run(Math.min(end, size));
    if (state.length < Math.min(end, size)) break;
    at += packedLength;
  }
  return cut(out, state.length);
}

function cut(out: Buffer, length: number): Unlzma {
  return { bytes: out.subarray(0, length), whole: length === out.length };
}

/** More than these two together LZMA2 forbids and nobody uses, but the models would take megabytes. */
const MAX_LITERAL_BITS = 4;

function parametersOf(byte: number): LzmaParameters | undefined {
  if (byte >= 9 * 5 * 5) return undefined;
  const rest = Math.floor(byte / 9);
  const parameters = { lc: byte % 9, lp: rest % 5, pb: Math.floor(rest / 5) };
  return parameters.lc + parameters.lp > MAX_LITERAL_BITS ? undefined : parameters;
}
