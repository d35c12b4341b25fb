import { resolve } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import type { Policy } from "../policy/decision.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { GivenArchive, GivenData, GivenParty } from "../policy/test-schema.ts";
import { asList } from "../policy/vocabulary.ts";
import { readSize } from "./quantities.ts";
import { displayPath, readRegularFile } from "./read-file.ts";

/**
 * The `given` of an inline test, read. What is left out takes the defaults of whoever judges: from sip:alice@local.test
 * (authenticated), to sip:bob@local.test, direction computed from the domains, a fixed clock, incident INC-TEST0000.
 */
export interface Given {
  readonly from: string | undefined;
  readonly fromDisplayName: string | undefined;
  readonly fromIp: string | undefined;
  readonly authenticated: boolean | undefined;
  readonly to: string | undefined;
  readonly toDisplayName: string | undefined;
  readonly direction: GivenData["direction"];
  readonly channel: GivenData["channel"];
  readonly transport: GivenData["transport"];
  readonly encrypted: boolean | undefined;
  /** What every `rate` has counted. */
  readonly rate: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number | undefined;
  readonly text: string | undefined;
  readonly html: string | undefined;
  /** A whole SIP request, as on the wire; whatever else is given of sender, way and time goes with it. */
  readonly message: Buffer | undefined;
  readonly media: readonly string[] | undefined;
  readonly file: GivenFile | undefined;
  readonly scan: GivenData["scan"];
}

export interface GivenFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number | undefined;
  /** Text of a test, or the bytes of a file that is tried. */
  readonly content: string | Buffer | undefined;
  readonly declaredType: string | undefined;
  readonly declaredHash?: string | undefined;
  /** What the bytes are said to be; where nothing is said, the content is looked at. */
  readonly trueType?: string | undefined;
  readonly sha256?: string | undefined;
  readonly hasMacros?: boolean | undefined;
  readonly archive?: GivenArchive | undefined;
}

/** What came of it, in the words of `expect`. */
export interface GivenOutcome {
  readonly action: string;
  readonly rule: string | undefined;
  readonly respond: number | undefined;
  /** The outgoing text. */
  readonly text: string | undefined;
  readonly severity: string | undefined;
  readonly reason: string | undefined;
  readonly verdict: Verdict;
}

/**
 * Decides as the gateway would; handed in, since the configuration knows nothing of messages.
 */
export type JudgeGiven = (policy: Policy, given: Given, settings: GivenSettings) => GivenOutcome;

export interface GivenSettings {
  /** Ours, for the direction. */
  readonly domains: readonly string[];
  /** Ask the rules for their trace. */
  readonly trace: boolean;
}

/** What `given` says, or what in it cannot be meant. `folder`: that of the rule file. */
export function readGiven(data: GivenData, folder: string): Result<Given, string> {
  const from = partyOf(data.from);
  const to = partyOf(data.to);
  for (const aor of [from.aor, to.aor]) {
    if (aor !== undefined && !ADDRESS.test(aor)) return failed(`"${aor}" is not an address`);
  }
  const file = data.file;
  const size = file?.size === undefined ? undefined : readSize(file.size);
  if (file?.size !== undefined && size === undefined) return failed(`"${file.size}" is not a size`);
  const message = readMessage(data, folder);
  if (!message.ok) return message;
  return ok({
    from: from.aor,
    fromDisplayName: from.display_name,
    fromIp: from.ip,
    authenticated: from.authenticated,
    to: to.aor,
    toDisplayName: to.display_name,
    direction: data.direction,
    channel: data.channel,
    transport: data.transport,
    encrypted: data.encrypted,
    rate: data.rate,
    now: data.now === undefined ? undefined : Date.parse(data.now),
    text: data.text,
    html: data.html,
    message: message.value,
    media: data.media === undefined ? undefined : asList<string>(data.media),
    file: file && {
      name: file.name ?? "",
      size,
      content: file.content,
      declaredType: file.declared_type,
      declaredHash: file.declared_hash,
      trueType: file.true_type,
      sha256: file.sha256,
      hasMacros: file.has_macros,
      archive: file.archive,
    },
    scan: data.scan,
  });
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** What stands in a message cannot be given beside it. */
const IN_MESSAGE = ["to", "text", "html", "file", "media", "channel"] as const;

function readMessage(data: GivenData, folder: string): Result<Buffer | undefined, string> {
  const { message, message_file: file } = data;
  if (message === undefined && file === undefined) return ok(undefined);
  if (message !== undefined && file !== undefined) {
    return failed("given has a message and a message_file: leave one out");
  }
  const { aor, display_name: name } = partyOf(data.from);
  const isNamed = aor !== undefined || name !== undefined;
  const beside = isNamed ? "from" : IN_MESSAGE.find((key) => data[key] !== undefined);
  if (beside !== undefined) return failed(`"${beside}" stands in the message: leave it out`);
  if (message !== undefined) return ok(Buffer.from(message.replaceAll(/\r?\n/g, "\r\n"), "utf8"));
  const path = resolve(folder, file ?? "");
  const bytes = readRegularFile(path, MAX_MESSAGE_BYTES);
  return bytes.ok ? bytes : failed(`${displayPath(path)} ${bytes.problem.message}`);
}

/** "sip:user@host", "user@host" or "sip:host"; nothing that would break a header line. */
const ADDRESS = /^(?:sips?:)?(?:[^@\s<>"]+@)?[^@\s<>"]+$/i;

function partyOf(party: string | GivenParty | undefined): GivenParty {
  return typeof party === "string" ? { aor: party } : (party ?? {});
}

/** Everything left to the defaults. */
export const NOTHING_GIVEN: Given = {
  from: undefined,
  fromDisplayName: undefined,
  fromIp: undefined,
  authenticated: undefined,
  to: undefined,
  toDisplayName: undefined,
  direction: undefined,
  channel: undefined,
  transport: undefined,
  encrypted: undefined,
  rate: undefined,
  now: undefined,
  text: undefined,
  html: undefined,
  message: undefined,
  media: undefined,
  file: undefined,
  scan: undefined,
};
