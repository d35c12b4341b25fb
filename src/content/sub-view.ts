import type { ByteView } from "./byte-view.ts";

/** A part of a view; shorter where the view is. */
export function subView(file: ByteView, from: number, length: number): ByteView {
  const size = Math.max(0, Math.min(length, file.size - from));
  return {
    size,
    read(start, wanted) {
      if (!Number.isSafeInteger(start) || start < 0 || start >= size) return Buffer.alloc(0);
      return file.read(from + start, Math.min(wanted, size - start));
    },
  };
}
