const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/**
 * A number of bytes for people, rounded; "" for what is none.
 *
 * @example byteText(1_572_864) // "1.5 MiB"
 */
export function byteText(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "";
  let size = value;
  let unit = 0;
  // 1023.95 would be shown as 1024.0.
  while (size >= 1023.95 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}
