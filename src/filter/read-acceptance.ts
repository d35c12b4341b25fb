import { failed, ok, type Result } from "../base/result.ts";
import { disguisedPort } from "../wire/msnftp/disguised-port.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import type { TransferKeys } from "./transfer.ts";

/** What an ACCEPT says (lcs.md B2, B3). */
export interface Acceptance {
  /** From the file's receiver. */
  readonly keys: TransferKeys | undefined;
  /** From the peer that listens. */
  readonly meeting: Meeting | undefined;
}

/** Where a peer says that it listens. */
export interface Meeting {
  readonly address: string;
  readonly port: number;
  readonly authCookie: string;
}

/** Names under which a client might look for an address, known ones and what is like them. */
const MEETING_FIELD = /^(?:ip|port|auth|addr|host)/;

/** True when a field names, or might name, a place where the peers could meet. */
export function namesMeeting(invitation: Invitation): boolean {
  return [...invitation.fields.keys()].some((name) => MEETING_FIELD.test(name));
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Reads an ACCEPT. The problem is a short sentence for the record. Port counts before PortX (Port XOR 0x3141).
 * COMPAT(pidgin-sipe): it writes the PortX of 6891 whatever its port. Both are written anew for the other peer, so that
 * no two clients read them differently.
 */
export function readAcceptance(invitation: Invitation): Result<Acceptance, string> {
  const { fields } = invitation;
  const keys = readKeys(fields);
  if (!keys.ok) return keys;
  if (!namesMeeting(invitation)) return ok({ keys: keys.value, meeting: undefined });
  const address = fields.get("ip-address") ?? "";
  const port = readPort(fields);
  const authCookie = fields.get("authcookie") ?? "";
  if (!IPV4.test(address)) return failed("the address is none");
  if (port === undefined) return failed("the port is none");
  if (!/^[0-9]{1,10}$/.test(authCookie)) return failed("the AuthCookie is no number");
  return ok({ keys: keys.value, meeting: { address, port, authCookie } });
}

function readKeys(fields: Invitation["fields"]): Result<TransferKeys | undefined, string> {
  const encryptionKey = fields.get("encryption-key");
  const hashKey = fields.get("hash-key");
  if (encryptionKey === undefined && hashKey === undefined) return ok(undefined);
  if (encryptionKey === undefined || hashKey === undefined)
    return failed("one key without the other");
  return ok({ encryptionKey, hashKey });
}

function readPort(fields: Invitation["fields"]): number | undefined {
  if (fields.has("port")) return portNumber(fields.get("port"));
  const disguised = portNumber(fields.get("portx"));
  return disguised === undefined ? undefined : disguisedPort(disguised);
}

function portNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9][0-9]{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
