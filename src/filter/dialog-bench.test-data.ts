import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { JudgeSettings } from "../judge/judge.ts";
import type { RequestContext, RequestOutcome } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import { recordingMeans, type RecordingMeans } from "./filter-kit.test-data.ts";
import { ALICE, BOB, filterOf, policyOf } from "./filter-setup.test-data.ts";

/** What one of the two sends within their dialog. */
export interface Said {
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: readonly string[];
  /** Another From tag than the sender's own. */
  readonly tag?: string;
  /** Another address in From. */
  readonly as?: string;
  /** Without a To tag: outside of the dialog. */
  readonly opens?: boolean;
  readonly callId?: string;
  /** Number in CSeq; default the next. */
  readonly cseq?: number;
  readonly context?: Partial<RequestContext>;
}

/** What became of it. */
export interface Heard {
  readonly outcome: RequestOutcome;
  /** Status of our refusal; undefined: it went on. */
  readonly status: number | undefined;
  /** As the other one gets it, latin1; "" when refused. */
  readonly out: string;
}

/** A filter with rules of one's own, and alice and bob who talk through it, both signed in. */
export interface DialogBench {
  readonly filter: Filter;
  readonly journal: MemoryJournal;
  readonly means: RecordingMeans;
  readonly clock: ManualClock;
  request(from: "alice" | "bob", said: Said): SipRequest;
  sends(from: "alice" | "bob", said: Said): Promise<Heard>;
}

export function createDialogBench(
  rules: object,
  settings: Partial<JudgeSettings> = {},
): DialogBench {
  const journal = createMemoryJournal();
  const clock = createManualClock();
  const means = recordingMeans();
  const policy = policyOf(rules);
  const filter = filterOf({
    journal,
    clock,
    means,
    policy: () => policy,
    judge: { ...SETTINGS, ...settings },
    settings: { maxFileBytes: 1_000_000 },
  });
  let sent = 0;
  const request: DialogBench["request"] = (from, said) =>
    requestOf(from, said, said.cseq ?? (sent += 1));
  async function sends(from: "alice" | "bob", said: Said): Promise<Heard> {
    const message = request(from, said);
    const context = { ...(from === "alice" ? ALICE : BOB), ...said.context };
    const outcome = await filter.onRequest(message, context, new AbortController().signal);
    const status = outcome.kind === "reply" ? outcome.status : 200;
    outcome.onEnd?.({ status, cause: "answered" });
    if (outcome.kind === "reply") return { outcome, status, out: "" };
    const out = parsedBytes(applySplices(message.bytes, outcome.splices));
    return { outcome, status: undefined, out: out.bytes.toString("latin1") };
  }
  return { filter, journal, means, clock, request, sends };
}

const SETTINGS: Partial<JudgeSettings> = {
  inspect: { linksPerMessage: 100, mimeDepth: 5, attachmentBytes: 10_000, textBytes: 10_000 },
};

const TAGS = { alice: "aa11", bob: "bb22" } as const;

function requestOf(from: "alice" | "bob", said: Said, cseq: number): SipRequest {
  const { method = "MESSAGE", type, body = "", headers = [] } = said;
  const to = from === "alice" ? "bob" : "alice";
  const tag = said.opens === true ? "" : `;tag=${TAGS[to]}`;
  return parsedRequest(
    [
      `${method} sip:${to}@example.com SIP/2.0`,
      `Via: SIP/2.0/TCP 192.0.2.10:5061;branch=z9hG4bKbench${cseq}`,
      "Max-Forwards: 70",
      `From: <${said.as ?? `sip:${from}@example.com`}>;tag=${said.tag ?? TAGS[from]};epid=0a0b0c0d0e`,
      `To: <sip:${to}@example.com>${tag}`,
      `Call-ID: ${said.callId ?? "bench@192.0.2.10"}`,
      `CSeq: ${cseq} ${method}`,
      ...(type === undefined ? [] : [`Content-Type: ${type}`]),
      ...headers,
    ],
    body,
  );
}
