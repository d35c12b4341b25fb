import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { RequestContext, RequestOutcome } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import { recordingMeans, type RecordingMeans } from "./filter-kit.test-data.ts";
import { ALICE, BOB, filterOf, policyOf } from "./filter-setup.test-data.ts";
import type { TransferSecurity } from "./transfer-security.ts";

const CLIENTS = { alice: ALICE, bob: BOB } as const;
const TAGS = { alice: "aa11", bob: "bb22" } as const;

/** What is known of a request that comes by way of the server. */
const SERVED = { side: "server", sourceAddress: "192.0.2.1", authenticatedAor: undefined } as const;

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
    const policy = policyOf({ version: 1, rules: [] });
    const { journal, means } = this;
    const settings = securityOf === undefined ? {} : { transferSecurity: securityOf };
    this.filter = filterOf({
      journal,
      means,
      policy: () => policy,
      onFailure: () => undefined,
      judge: { onParseProblem },
      settings,
    });
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
      ...CLIENTS[from],
      encrypted: this.byTls.has(from),
      ...(isServed ? SERVED : {}),
    };
  }
}
