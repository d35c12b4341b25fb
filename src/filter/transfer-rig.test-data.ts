import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import { compilePolicy } from "../policy/compile.ts";
import { createDomains } from "../policy/domains.ts";
import type { RequestContext, RequestOutcome } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { createFilter, type Filter } from "./create-filter.ts";
import { recordingMeans, type RecordingMeans } from "./filter-kit.test-data.ts";
import type { TransferSecurity } from "./transfer-security.ts";

export const KEYS: readonly string[] = [
  "Encryption-Key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "Hash-Key: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
];
export const ADDRESS: readonly string[] = [
  "IP-Address: 192.0.2.10",
  "Port: 6891",
  "PortX: 11178",
  "AuthCookie: 123456789",
];
const COOKIE = "Invitation-Cookie: 513756658";

/** An offer; `encryption` undefined: of the plain variant. */
export function offerOf(encryption: string | undefined): readonly string[] {
  return [
    "Application-Name: File Transfer",
    "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
    "Invitation-Command: INVITE",
    COOKIE,
    "Application-File: hello.txt",
    "Application-FileSize: 27",
    ...(encryption === undefined ? [] : [`Encryption: ${encryption}`]),
  ];
}

export function acceptOf(...lines: readonly string[]): readonly string[] {
  return ["Invitation-Command: ACCEPT", "Request-Data: IP-Address:", COOKIE, ...lines];
}

const CLIENT: RequestContext = {
  side: "client",
  transport: "tcp",
  encrypted: false,
  sourceAddress: "",
  sourcePort: 4000,
  authenticatedAor: undefined,
  trusted: false,
  dialogProven: true,
  signed: false,
  receivedAt: 1_800_000_000_000,
};
const ADDRESSES = { alice: "192.0.2.10", bob: "192.0.2.20" } as const;
const TAGS = { alice: "aa11", bob: "bb22" } as const;

export type Person = keyof typeof TAGS;

const INVITATION_FIELD = "Content-Type: text/x-msmsgsinvite; charset=UTF-8";

export interface RequestForm {
  readonly method?: string;
  readonly fields?: readonly string[];
}

export interface SentMessage {
  readonly outcome: RequestOutcome;
  /** As it goes on; undefined: it was refused. */
  readonly passed: SipRequest | undefined;
}

/** Alice's and Bob's dialog through a filter whose rules allow everything. */
export class TransferRig {
  readonly journal: MemoryJournal = createMemoryJournal();
  readonly means: RecordingMeans = recordingMeans();
  readonly filter: Filter;
  /** Whose SIP comes by TLS. */
  readonly byTls: Set<Person> = new Set<Person>();
  /** Who speaks through the server, and not over a connection of their own. */
  readonly behindServer: Set<Person> = new Set<Person>();
  #cseq = 0;

  /** @param onParseProblem what becomes of a body that cannot be read */
  constructor(
    securityOf?: (sourceAddress: string) => TransferSecurity,
    onParseProblem: "block" | "allow" = "block",
  ) {
    const compiled = compilePolicy(
      [{ file: "rules.yaml", pack: undefined, data: { version: 1, rules: [] } }],
      { domains: [], generation: 1 },
    );
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
    this.filter = createFilter(
      {
        journal: this.journal,
        clock: createManualClock(),
        policy: () => compiled.value,
        scan: () => ({ verdict: "clean", engine: "test", name: "", reason: "" }),
        domains: createDomains([]),
        onFailure: () => undefined,
        means: this.means,
      },
      {
        judge: {
          inspect: { linksPerMessage: 10, mimeDepth: 3, attachmentBytes: 1000, textBytes: 10_000 },
          onParseProblem,
          onOpaque: "block",
          onInfected: "quarantine",
          onUnscannable: "block",
          onScanError: "block",
        },
        agent: "gw.test",
        markKey: Buffer.alloc(32, 1),
        maxFileBytes: 1000,
        ...(securityOf === undefined ? undefined : { transferSecurity: securityOf }),
      },
    );
  }

  /** What of it goes on to the other one; undefined: it was refused, see `refusal`. */
  async sends(from: Person, lines: readonly string[]): Promise<string | undefined> {
    const sent = await this.outcomeOf(from, `${lines.join("\r\n")}\r\n`);
    return sent.passed?.body.toString();
  }

  /** @param how method and content header fields; by default a MESSAGE with an invitation */
  async outcomeOf(
    from: Person,
    body: string | Buffer,
    { method = "MESSAGE", fields = [INVITATION_FIELD] }: RequestForm = {},
  ): Promise<SentMessage> {
    this.#cseq += 1;
    const to = from === "alice" ? "bob" : "alice";
    const request = parsedRequest(
      [
        `${method} sip:${to}@192.0.2.77:5061 SIP/2.0`,
        `Via: SIP/2.0/TCP 192.0.2.10:5061;branch=z9hG4bK${String(this.#cseq)}`,
        "Max-Forwards: 70",
        `From: <sip:${from}@example.com>;tag=${TAGS[from]}`,
        `To: <sip:${to}@example.com>;tag=${TAGS[to]}`,
        "Call-ID: e2c0ffee@192.0.2.10",
        `CSeq: ${String(this.#cseq)} ${method}`,
        ...fields,
      ],
      body,
    );
    const { signal } = new AbortController();
    const outcome = await this.filter.onRequest(request, this.#contextOf(from), signal);
    if (outcome.kind === "reply") return { outcome, passed: undefined };
    const passed = parsedBytes(applySplices(request.bytes, [...outcome.splices]));
    outcome.onEnd?.({ status: 200, cause: "answered" });
    return { outcome, passed };
  }

  /** Of the last refusal on record: its code, which the record says before its reason. */
  get refusals(): readonly string[] {
    return this.journal.drafts.map(({ rule, reason }) => `${rule}: ${reason}`);
  }

  #contextOf(from: Person): RequestContext {
    const isServed = this.behindServer.has(from);
    return {
      ...CLIENT,
      encrypted: this.byTls.has(from),
      side: isServed ? "server" : "client",
      sourceAddress: isServed ? "192.0.2.1" : ADDRESSES[from],
      authenticatedAor: isServed ? undefined : `sip:${from}@example.com`,
    };
  }
}
