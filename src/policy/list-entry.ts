import { getPublicSuffix, parse } from "tldts";
import type { ListType } from "./condition.ts";
import { parseLinkPrefix, PREFIX_HINT } from "./link-prefix.ts";
import { foldAor, foldDomain, foldExtension, foldText } from "./text-test.ts";

/** What is wrong with an entry of a list: message and hint. */
export type EntryProblem = readonly [message: string, hint: string | undefined];

/** The form in which entries of a type are compared; phrases and prefixes are folded by those who compare them. */
export function foldEntry(type: ListType, item: string): string {
  switch (type) {
    case "domain":
      return withoutDot(foldDomain(item));
    case "extension":
      return foldExtension(item);
    case "aor":
      return foldAor(item);
    case "string":
      return foldText(item);
    case "phrase":
    case "prefix":
      return item;
  }
}

function withoutDot(name: string): string {
  return name.startsWith(".") ? name.slice(1) : name;
}

/** Why an entry cannot be meant, or undefined. */
export function entryProblem(type: ListType, item: string): EntryProblem | undefined {
  switch (type) {
    case "domain":
      return domainProblem(foldEntry("domain", item));
    case "extension":
      if (!/[*/\\\s]/.test(item)) return undefined;
      return [`"${item}" is no extension`, "write the extension alone, as in exe"];
    case "aor":
      if (item.includes("@")) return undefined;
      return [`"${item}" is no aor`, "write it as sip:user@domain"];
    case "prefix":
      if (parseLinkPrefix(item) !== undefined) return undefined;
      return [`"${item}" is not a link prefix`, PREFIX_HINT];
    case "phrase":
    case "string":
      return undefined;
  }
}

/** @param name folded */
function domainProblem(name: string): EntryProblem | undefined {
  if (name === "" || /[\s/:@*]/.test(name)) {
    return [`"${name}" is no domain name`, "write the name alone; names under it count too"];
  }
  if (isPublicSuffix(name)) {
    return [`"${name}" is a public suffix: it would match everybody under it`, "name the domain"];
  }
  return undefined;
}

/** Names come folded, and there may be a million of them. */
const AS_IS = { extractHostname: false, validateHostname: false, detectIp: false } as const;

/** Registries' suffixes only: github.io may be meant, and a label that is no top-level domain (corp) is somebody's own. */
export function isPublicSuffix(name: string): boolean {
  return getPublicSuffix(name, AS_IS) === name && parse(name).isIcann === true;
}
