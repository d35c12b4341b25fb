import { createRequire } from "node:module";

/** What npm `sip` makes of a message, as far as tests look at it; latin1. */
export interface SecondReading {
  readonly method?: string;
  readonly uri?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content?: string;
}

interface NpmSip {
  readonly parse: (message: Buffer) => SecondReading | undefined;
}

/** It has no types, and is CommonJS. */
const sip = createRequire(import.meta.url)("sip") as NpmSip;

/** Reads a datagram as npm `sip` does: leniently, the last of several fields counting, names unescaped. */
export function readByNpmSip(datagram: Buffer): SecondReading | undefined {
  return sip.parse(datagram);
}
