import type { Inspection } from "../inspect/inspection.ts";
import type { FileFacts } from "../policy/facts.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { RelayRefusal } from "../relay/relay.ts";

/** Why a step of a transfer is refused although the rules allow it. Codes stand in docs/errors.md. */
export type TransferRefusal =
  | RelayRefusal
  | "relay-off"
  | "not-signed-in"
  | "no-ipv4"
  | "no-meeting-place"
  | "broken-offer"
  | "address-in-offer"
  | "unencrypted"
  | "not-by-tls"
  | "cookie-used"
  | "application-not-allowed"
  | "unknown-transfer"
  | "not-a-party"
  | "broken-accept"
  | "second-accept"
  | "not-a-message"
  | "changed-text"
  | "sealed-body";

/** What the sender of the refused message is told; the rest is for the record. */
const SENTENCES: Readonly<Record<TransferRefusal, string>> = {
  "relay-off": "File transfer is not available",
  "not-signed-in": "File transfer is for users who have signed in",
  "no-ipv4": "File transfer needs IPv4 addresses here",
  "no-meeting-place": "File transfer is not available between these networks",
  "broken-offer": "The file offer names no file or no size",
  "address-in-offer": "A step of the file transfer names an address where none belongs",
  unencrypted: "Unencrypted file transfer is not available",
  "not-by-tls": "File transfer is for users who are connected by TLS",
  "cookie-used": "This file offer was made before",
  "application-not-allowed": "This application is not allowed",
  "unknown-transfer": "There is no such file transfer",
  "not-a-party": "There is no such file transfer",
  "broken-accept": "The answer to a file offer could not be understood",
  "second-accept": "This file offer was accepted before",
  "not-a-message": "File transfer is not available in this way",
  "changed-text": "Message contents cannot be changed beside a file offer",
  "sealed-body": "File transfer is not available with integrity protection",
  "no-free-port": "Too many files are being transferred, try again later",
  "too-many-transfers": "Too many files are being transferred, try again later",
  "too-large": "The file is too large",
  quota: "Too much is being transferred for this sender, try again later",
  "spool-full": "Too much is being transferred, try again later",
  "no-space": "File transfer is not available now, try again later",
  "bad-keys": "The answer to a file offer could not be understood",
  "unproven-sender": "Unencrypted file transfer is not available for this sender",
  "bad-address": "The address for the file transfer is not acceptable",
  unavailable: "File transfer is not available now, try again later",
};

/** The verdict of a step that cannot be taken; its setting is "relay". */
export function transferRefusal(
  code: TransferRefusal,
  detail: string,
  about: {
    readonly inspection: Inspection | undefined;
    readonly file: FileFacts | undefined;
    readonly cookie: string | undefined;
  },
): Verdict {
  return {
    action: "block",
    decision: undefined,
    decisions: [],
    setting: "relay",
    problem: { code, detail: detail === "" ? SENTENCES[code] : detail },
    sentence: SENTENCES[code],
    inspection: about.inspection,
    file: about.file,
    cookie: about.cookie,
    scans: [],
  };
}
