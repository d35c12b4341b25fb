import { z } from "zod";
import { BYTE_SIZE, readByteSize } from "../base/byte-size.ts";
import { DURATION, readDuration } from "../base/duration.ts";

/** A size: bytes, or a number with a unit. */
export type SizeText = number | string;

/** Sizes are whole numbers of bytes or texts such as "100MiB". */
export function sizeSchema(): z.ZodType<SizeText> {
  const wrong = "is not a size: write 100MiB, 64KiB or a number of bytes";
  return z.union([z.int().min(0, wrong), z.string().regex(BYTE_SIZE, wrong)], wrong);
}

/** Bytes of what `sizeSchema` let through. */
export function bytesOf(size: SizeText): number {
  return readSize(size) ?? 0;
}

/** Bytes, or undefined for a text that is no size. */
export function readSize(size: SizeText): number | undefined {
  return typeof size === "number" ? size : readByteSize(size);
}

/**
 * A size in the largest unit in which it is a whole number, as it would be written.
 *
 * @example sizeText(104857600) // "100MiB"
 */
export function sizeText(bytes: number): string {
  const unit = BINARY_UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? `${bytes} bytes` : `${bytes / unit[1]}${unit[0]}`;
}

const BINARY_UNITS = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;

const PERCENT = /^(\d{1,3}(?:\.\d+)?) ?%$/;

/** A part of something, as "95%", above none of it and at most all; or the word off. */
export function percentSchema(): z.ZodType<string> {
  const wrong = "is not a percentage: write it as 95%, or off";
  return z.string(wrong).refine((text) => text === "off" || isPart(partOf(text)), wrong);
}

/** What `percentSchema` let through, from 0 to 1; 1 for off. */
export function partOf(text: string): number {
  return text === "off" ? 1 : Number(PERCENT.exec(text)?.[1] ?? Number.NaN) / 100;
}

function isPart(part: number): boolean {
  return part > 0 && part <= 1;
}

const RATE = /^([1-9]\d{0,5})\/(\d+(?:\.\d+)? ?(?:ms|s|m|h))$/;

/** So many in so long, as "30/2s"; or the word off. */
export function rateSchema(): z.ZodType<string> {
  const wrong = "is not a rate: write how many in how long, as 30/2s, or off";
  return z.string(wrong).refine((text) => text === "off" || (rateOf(text)?.perMs ?? 0) > 0, wrong);
}

/** What `rateSchema` let through; undefined for off. */
export function rateOf(
  text: string,
): { readonly count: number; readonly perMs: number } | undefined {
  const match = RATE.exec(text);
  if (match === null) return undefined;
  return { count: Number(match[1]), perMs: millisecondsOf(match[2] ?? "0ms") };
}

/** Durations always bear their unit, since a bare number is read as seconds by some and milliseconds by others. */
export function durationSchema(): z.ZodType<string> {
  const wrong = "is not a duration: write it with its unit, as 20s, 500ms, 10m, 2h or 7d";
  return z.string(wrong).regex(DURATION, wrong);
}

/** Milliseconds of what `durationSchema` let through. */
export function millisecondsOf(duration: string): number {
  return readDuration(duration) ?? 0;
}
