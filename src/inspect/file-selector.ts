import { normalizeFileName } from "../content/file-name.ts";
import { percentDecode } from "../content/percent.ts";
import type { FileOffer } from "./inspection.ts";

/** Of one selector; more than any client writes. */
const MAX_NAMES = 16;
const MAX_HASHES = 16;

/**
 * The file of a file selector (RFC 5547 §6): `name:"…" type:… size:… hash:…`, in any order; a quote in a name is
 * percent-encoded. Each should stand there once; a reader that meets two takes the first or the last, so that there is one
 * offer for each name. More names than sixteen: the rest are not looked at, and the last is.
 *
 * @param value What follows `a=file-selector:`, latin1.
 */
export function selectedFiles(value: string): readonly FileOffer[] {
  const utf8 = Buffer.from(value, "latin1").toString("utf8");
  const size = /(?:^|\s)size:([0-9]{1,15})(?:\s|$)/i.exec(utf8)?.[1];
  const type = /(?:^|\s)type:"?([^\s";]+)/i.exec(utf8)?.[1];
  return namesIn(utf8).map((name) => ({
    channel: "msrp",
    carrier: "body",
    name: normalizeFileName(percentDecode(name)),
    size: size === undefined ? undefined : Number(size),
    declaredType: type?.toLowerCase(),
    declaredHashes: hashesIn(utf8),
    cookie: undefined,
  }));
}

/** A name without its quotes, or without the second one, is none by the grammar, but somebody reads it. */
function namesIn(selector: string): readonly string[] {
  const names: string[] = [];
  for (const match of selector.matchAll(/(?<=^|[\s"])name:(?:"([^"]*)"?|(\S+))/gi)) {
    const name = match[1] ?? match[2] ?? "";
    if (names.length === MAX_NAMES) names.pop();
    names.push(name);
  }
  return names.length === 0 ? [""] : [...new Set(names)];
}

/** `hash:sha-1:72:24:…` as "sha-1:7224…", small letters. */
function hashesIn(selector: string): readonly string[] {
  const found = selector.matchAll(/(?:^|\s)hash:([a-z0-9-]{1,20}):([0-9a-f:]{2,400})(?:\s|$)/gi);
  return [...found.take(MAX_HASHES)].map(
    ([, algorithm = "", value = ""]) =>
      `${algorithm.toLowerCase()}:${value.replaceAll(":", "").toLowerCase()}`,
  );
}
