import type { ByteView } from "../content/byte-view.ts";
import type { ScanSource } from "./scan-engine.ts";

const PAGE_BYTES = 64 * 1024;
const MAX_PAGES = 64;

/**
 * A source to look around in: what was read lately is kept, so that many small pieces near each other cost one read. Throws when
 * the source does.
 */
export function viewOfSource(source: ScanSource): ByteView {
  const pages = new Map<number, Buffer>();
  function page(index: number): Buffer {
    const known = pages.get(index);
    if (known !== undefined) return known;
    const start = index * PAGE_BYTES;
    const bytes = readWhole(source, start, Math.min(PAGE_BYTES, source.size - start));
    if (pages.size >= MAX_PAGES) pages.delete(pages.keys().next().value ?? 0);
    pages.set(index, bytes);
    return bytes;
  }
  return {
    size: source.size,
    read(start, length) {
      if (!Number.isSafeInteger(start) || start < 0 || start >= source.size || length <= 0)
        return Buffer.alloc(0);
      const end = Math.min(start + length, source.size);
      const index = Math.floor(start / PAGE_BYTES);
      const at = start - index * PAGE_BYTES;
      if (at + (end - start) <= PAGE_BYTES) return page(index).subarray(at, at + (end - start));
      return readWhole(source, start, end - start);
    },
  };
}

/** Shorter where the source ends before its size. */
function readWhole(source: ScanSource, start: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = source.read(buffer.subarray(done), start + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}
