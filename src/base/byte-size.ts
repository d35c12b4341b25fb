/** A size as operators write it: a number, and a unit unless bytes are meant ("4096", "1.5 MiB"). */
export const BYTE_SIZE: RegExp = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|KiB|MiB|GiB)?$/;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/**
 * Bytes, or undefined for a text that is no size.
 *
 * @example readByteSize("1.5KiB") // 1536
 */
export function readByteSize(text: string): number | undefined {
  const match = BYTE_SIZE.exec(text);
  if (match === null) return undefined;
  const [, number = "0", unit = "B"] = match;
  return Math.round(Number(number) * (UNITS[unit] ?? 1));
}
