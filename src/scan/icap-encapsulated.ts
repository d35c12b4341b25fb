import { onlyValue, type IcapHead } from "./icap-head.ts";

/** What an ICAP response encapsulates (RFC 3507 §4.4.1): heads of HTTP, one after the other, and then a body or none. */
export interface Encapsulated {
  /** In their order, with their lengths in bytes. */
  readonly heads: readonly { readonly kind: "req-hdr" | "res-hdr"; readonly bytes: number }[];
  readonly body: "req-body" | "res-body" | "opt-body" | "null-body";
}

/** Of all encapsulated heads together; what is longer is no answer. */
export const MAX_SECTION_BYTES: number = 16 * 1024;

const NOTHING: Encapsulated = { heads: [], body: "null-body" };
const ENTRY = /^(req-hdr|res-hdr|req-body|res-body|opt-body|null-body)=(0|[1-9][0-9]{0,5})$/;

/**
 * Reads the Encapsulated field: its entries in rising order from 0, the body last, at most one head of each kind, and of the body's kind.
 * Undefined when it breaks these rules. Only a 200 must have one.
 *
 * @example readEncapsulated(head) // "res-hdr=0, res-body=137": one head of 137 bytes, and a body
 */
export function readEncapsulated(head: IcapHead): Encapsulated | undefined {
  if (!head.fields.has("encapsulated")) return head.status === 200 ? undefined : NOTHING;
  const entries = onlyValue(head, "encapsulated")?.split(/[ \t]*,[ \t]*/) ?? [];
  const heads: Encapsulated["heads"][number][] = [];
  let open: { kind: "req-hdr" | "res-hdr"; at: number } | undefined;
  let end = 0;
  for (const [index, entry] of entries.entries()) {
    const [, kind, offset] = ENTRY.exec(entry) ?? [];
    const at = Number(offset);
    if (kind === undefined || at > MAX_SECTION_BYTES) return undefined;
    if (open === undefined ? at !== 0 : at <= end) return undefined;
    if (open !== undefined) heads.push({ kind: open.kind, bytes: at - open.at });
    end = at;
    if (kind === "req-hdr" || kind === "res-hdr") {
      open = { kind, at };
      continue;
    }
    if (!isBody(kind) || index !== entries.length - 1) return undefined;
    return inOrder(heads.map((each) => each.kind)) ? { heads, body: kind } : undefined;
  }
  return undefined;
}

function isBody(kind: string): kind is Encapsulated["body"] {
  return kind.endsWith("-body");
}

/** A request before its response, and none of them twice. */
function inOrder(kinds: readonly string[]): boolean {
  return ["", "req-hdr", "res-hdr", "req-hdr,res-hdr"].includes(kinds.join(","));
}
