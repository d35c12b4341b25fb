import { failed, ok, type Result } from "../base/result.ts";
import { onlyValue, type IcapHead } from "./icap-head.ts";
import type { IcapMethod } from "./icap-request.ts";

/** What a service says of itself in answer to OPTIONS (RFC 3507 §4.10). */
export interface IcapOffer {
  readonly method: IcapMethod;
  /** Bytes that it wants ahead of the rest; undefined: it knows no preview. */
  readonly preview: number | undefined;
  /** Connections that it takes from us at once; undefined: it names no limit. */
  readonly maxConnections: number | undefined;
  /** Changes when its signatures do (RFC 3507 §4.7). */
  readonly tag: string;
  /** In its own words; may be empty. */
  readonly name: string;
}

/** More is not sent ahead, whatever it wants. */
const MAX_PREVIEW = 64 * 1024;

/** Reads the head of a 200 to OPTIONS; the problem in words. */
export function readIcapOffer(head: IcapHead): Result<IcapOffer, string> {
  const methods = listOf(head, "methods");
  const method = (["RESPMOD", "REQMOD"] as const).find((each) => methods.includes(each));
  if (method === undefined) return failed("offers neither RESPMOD nor REQMOD");
  const tag = istagOf(head);
  if (tag === undefined) return failed("names no ISTag");
  const preview = numberOf(head, "preview");
  return ok({
    method,
    preview: preview === undefined ? undefined : Math.min(preview, MAX_PREVIEW),
    maxConnections: numberOf(head, "max-connections"),
    tag,
    name: (onlyValue(head, "service") ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, 60),
  });
}

/** Without its quotation marks; undefined where there is none that can be read. */
export function istagOf(head: IcapHead): string | undefined {
  return /^"?([\x21\x23-\x7e]{1,100})"?$/.exec(onlyValue(head, "istag") ?? "")?.[1];
}

function listOf(head: IcapHead, name: string): readonly string[] {
  return (head.fields.get(name) ?? []).flatMap((value) =>
    value.split(",").map((each) => each.trim().toUpperCase()),
  );
}

function numberOf(head: IcapHead, name: string): number | undefined {
  const value = onlyValue(head, name);
  return value !== undefined && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}
