import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { RequestContext, RequestOutcome, TransactionEnd } from "../proxy/seams.ts";
import type { ReceivedEvent, TransferEnd } from "../relay/relay.ts";
import type { ScanResult } from "../scan/scan-result.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import type { FilterSettings } from "./desk.ts";
import { recordingMeans, type RecordingMeans } from "./filter-kit.test-data.ts";
import { ALICE, BOB, filterOf, policyOf } from "./filter-setup.test-data.ts";

const CLEAN: ScanResult = { kind: "clean", engine: "builtin", ms: 3 };
type Party = "alice" | "bob";

export interface Sent {
  readonly outcome: RequestOutcome;
  /** What goes on to the other peer, line by line; undefined when it does not. */
  readonly lines: readonly string[] | undefined;
}

/** Alice and Bob in one dialog, with a filter between them: what each of them says comes out as the other one reads it. */
export class TransferStage {
  readonly clock: ManualClock = createManualClock();
  readonly journal: MemoryJournal = createMemoryJournal();
  readonly means: RecordingMeans = recordingMeans();
  readonly filter: Filter;
  /** How their messages come in. */
  readonly context: Record<Party, RequestContext> = {
    alice: ALICE,
    bob: BOB,
  };
  /** Their requests, as they came in. */
  readonly sent: SipRequest[] = [];
  /** What they call themselves in Via. */
  readonly via: Record<Party, string> = { alice: "192.0.2.10", bob: "192.0.2.20" };
  /** Their tags in the dialog. */
  readonly tags: Record<Party, string> = { alice: "aa11", bob: "bb22" };
  #cseq = 0;

  constructor(settings: Partial<FilterSettings> = {}) {
    const policy = policyOf({ version: 1, rules: [] });
    const { journal, clock, means } = this;
    this.filter = filterOf({ journal, clock, means, policy: () => policy, settings });
  }

  /** Both behind a translator of their own, and known to have registered from there. */
  putBehindNat(...parties: readonly Party[]): void {
    for (const party of parties) {
      this.via[party] = "192.168.1.10";
      const { sourceAddress: address } = this.context[party];
      this.means.seats.set(`sip:${party}@example.com`, [{ address, behindNat: true }]);
    }
  }

  /** One MESSAGE of this party to the other one; `end` is what becomes of it there. */
  async says(
    from: Party,
    lines: readonly string[],
    end: TransactionEnd = { status: 200, cause: "answered" },
  ): Promise<Sent> {
    this.#cseq += 1;
    const to = from === "alice" ? "bob" : "alice";
    const { tags } = this;
    const request = parsedRequest(
      [
        `MESSAGE sip:${to}@192.0.2.77:5061 SIP/2.0`,
        `Via: SIP/2.0/TCP ${this.via[from]}:5061;branch=z9hG4bK${this.#cseq}`,
        "Max-Forwards: 70",
        `From: <sip:${from}@example.com>;tag=${tags[from]}`,
        `To: <sip:${to}@example.com>;tag=${tags[to]}`,
        "Call-ID: e2c0ffee@192.0.2.10",
        `CSeq: ${this.#cseq} MESSAGE`,
        "Content-Type: text/x-msmsgsinvite; charset=UTF-8",
      ],
      `${lines.join("\r\n")}\r\n`,
    );
    this.sent.push(request);
    const { signal } = new AbortController();
    const outcome = await this.filter.onRequest(request, this.context[from], signal);
    outcome.onEnd?.(outcome.kind === "reply" ? { status: outcome.status, cause: "replied" } : end);
    await settled();
    if (outcome.kind === "reply") return { outcome, lines: undefined };
    const out = parsedBytes(applySplices(request.bytes, [...outcome.splices]));
    return { outcome, lines: linesOf(out.body) };
  }

  /** The conversation ends; its BYE may bear a text. */
  async hangsUp(from: Party, status = 200, body = ""): Promise<void> {
    this.#cseq += 1;
    const to = from === "alice" ? "bob" : "alice";
    const { tags } = this;
    const head = [
      `BYE sip:${to}@192.0.2.77:5061 SIP/2.0`,
      `Via: SIP/2.0/TCP ${this.via[from]}:5061;branch=z9hG4bK${this.#cseq}`,
      "Max-Forwards: 70",
      `From: <sip:${from}@example.com>;tag=${tags[from]}`,
      `To: <sip:${to}@example.com>;tag=${tags[to]}`,
      "Call-ID: e2c0ffee@192.0.2.10",
      `CSeq: ${this.#cseq} BYE`,
      ...(body === "" ? [] : ["Content-Type: text/plain"]),
    ];
    const request = parsedRequest(head, body);
    const { signal } = new AbortController();
    const outcome = await this.filter.onRequest(request, this.context[from], signal);
    if (outcome.kind === "reply") throw new Error("a BYE was answered");
    outcome.onEnd?.({ status, cause: "answered" });
    await settled();
  }

  /** The whole file has come to the relay, and been scanned. */
  async received(verdict: ScanResult = CLEAN): Promise<void> {
    const event: ReceivedEvent = {
      kind: "received",
      id: "T1",
      size: 27,
      sha256: "ab".repeat(32),
      sha1: "cd".repeat(20),
      report: { verdict, results: [verdict], trueType: "text/plain" },
      recovered: undefined,
    };
    this.filter.onRelayEvent(event);
    await settled();
  }

  /** The relay awaits the receiver from now on. */
  async contact(): Promise<void> {
    this.filter.onRelayEvent({ kind: "contact", id: "T1" });
    await settled();
  }

  /** The relay is done with it. */
  async ended(end: Partial<TransferEnd> = {}): Promise<void> {
    this.filter.onRelayEvent({
      kind: "ended",
      id: "T1",
      end: {
        result: "delivered",
        reason: undefined,
        receivedBytes: 27,
        deliveredBytes: 27,
        senderTold: "received",
        ...end,
      },
    });
    await settled();
  }

  /** What the gateway has written itself: to whom (by tag), and the lines of it. */
  get ownWords(): readonly { readonly to: string; readonly lines: readonly string[] }[] {
    return this.means.inLeg.map(({ toTag, body }) => ({
      to: toTag === "bb22" ? "bob" : "alice",
      lines: linesOf(body),
    }));
  }
}

function linesOf(body: Buffer): readonly string[] {
  const lines = body.toString().split("\r\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
