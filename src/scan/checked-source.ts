import type { ScanSource } from "./scan-engine.ts";

/** A source that remembers whether reading it failed: then no engine is to blame, and asking again is useless. */
export interface CheckedSource extends ScanSource {
  /** It could not be read, or ended before its size. */
  readonly broken: boolean;
}

/** Wraps a source; reads pass through. */
export function createCheckedSource(source: ScanSource): CheckedSource {
  let broken = false;
  return {
    size: source.size,
    sha256: source.sha256,
    get broken(): boolean {
      return broken;
    },
    read(buffer, position): number {
      try {
        const length = source.read(buffer, position);
        if (length === 0 && position < source.size && buffer.length > 0) broken = true;
        return length;
      } catch (error) {
        broken = true;
        throw error;
      }
    },
  };
}
