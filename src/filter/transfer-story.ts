import type { FileName } from "../inspect/inspection.ts";
import type { Direction, Party } from "../policy/facts.ts";
import type { Transfer } from "./transfer.ts";

/**
 * What lies beside a spooled file, so that a restart can tell whose it was: written when the relay is opened, read when a
 * file of an earlier run turns up. It comes back from a disk, so nothing in it is taken for granted.
 */
export function writeStory(transfer: Transfer): Record<string, unknown> {
  const { callId, cookie, file, hearing, sender, receiver, agreed } = transfer;
  return {
    callId,
    cookie,
    name: file.name,
    from: { ...hearing.from, aor: sender.aor },
    to: { ...hearing.to, aor: receiver.aor },
    direction: hearing.direction,
    transport: hearing.transport,
    encrypted: hearing.encrypted,
    inClear: agreed !== undefined && agreed.keys === undefined,
  };
}

/** The transfer as far as its story tells; without one the file is judged by its content alone, and nobody is told. */
export function readStory(
  story: Readonly<Record<string, unknown>>,
  size: number,
  now: number,
): Transfer {
  const from = readParty(story["from"]);
  const to = readParty(story["to"]);
  const callId = textIn(story, "callId");
  const cookie = textIn(story, "cookie");
  return {
    key: `${callId}\n${cookie}`,
    callId,
    cookie,
    file: { name: readName(story["name"]), size, declaredType: undefined },
    hearing: {
      from,
      to,
      direction: DIRECTIONS.find((one) => one === story["direction"]) ?? "internal",
      channel: "msnftp",
      transport: textIn(story, "transport"),
      encrypted: story["encrypted"] === true,
      now,
      trace: false,
    },
    encryption: "none",
    sender: { aor: from.aor, tag: undefined, address: undefined, leg: undefined },
    receiver: { aor: to.aor, tag: undefined, address: undefined, leg: undefined },
    agreed: story["inClear"] === true ? { keys: undefined } : undefined,
    saysNat: false,
    ways: { sender: "peer", receiver: "peer" },
    isReceiverTellable: false,
    receiverListens: undefined,
    opened: undefined,
    state: "ended",
    stopped: undefined,
    cancelledBy: undefined,
    told: true,
  };
}

const DIRECTIONS: readonly Direction[] = ["inbound", "outbound", "internal", "transit"];

function readParty(value: unknown): Party {
  const party = fieldsOf(value);
  const ip = textIn(party, "ip");
  return {
    aor: textIn(party, "aor"),
    user: textIn(party, "user"),
    domain: textIn(party, "domain"),
    displayName: textIn(party, "displayName"),
    ip: ip === "" ? undefined : ip,
    authenticated: party["authenticated"] === true,
  };
}

function readName(value: unknown): FileName {
  const name = fieldsOf(value);
  const extensions: unknown = name["extensions"];
  return {
    raw: textIn(name, "raw"),
    normalized: textIn(name, "normalized"),
    extensions: Array.isArray(extensions) ? extensions.map(String) : [],
    doubleExtension: name["doubleExtension"] === true,
    bidi: name["bidi"] === true,
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textIn(fields: Readonly<Record<string, unknown>>, key: string): string {
  const value = fields[key];
  return typeof value === "string" ? value : "";
}
