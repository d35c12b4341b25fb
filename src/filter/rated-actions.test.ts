import { beforeEach, describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import type { Policy } from "../policy/decision.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import { ALICE, filterOf, policyOf } from "./filter-setup.test-data.ts";

const CLIENT = { ...ALICE, sourceAddress: "192.0.2.1" };

/** More than two messages with links in ten minutes. */
const RATE = { key: "from.aor", over: "10m", count: { gt: 2 } };
const MANY_LINKS = { id: "many-links", when: { url: { any: true }, rate: RATE }, then: "block" };

let clock: ManualClock;
let journal: MemoryJournal;
let policy: Policy;
let filter: Filter;
let calls = 0;

beforeEach(() => {
  clock = createManualClock();
  journal = createMemoryJournal();
  policy = rated([MANY_LINKS], 1);
  filter = filterOf({
    journal,
    clock,
    policy: () => policy,
    settings: { maxFileBytes: undefined },
  });
});

function rated(rules: readonly unknown[], generation: number): Policy {
  return policyOf({ version: 1, rules }, generation);
}

/** A message of a call of its own. */
function message(text: string, extra: readonly string[] = []): SipRequest {
  calls += 1;
  const sent = messageRequest(text, { extra }).bytes.toString();
  return parsedBytes(Buffer.from(sent.replace("Call-ID: call-1", `Call-ID: call-${calls}`)));
}

async function ask(request: SipRequest, context = CLIENT): Promise<string> {
  const outcome = await filter.onRequest(request, context, new AbortController().signal);
  return outcome.kind;
}

async function sendLinks(count: number): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (let n = 0; n < count; n += 1) kinds.push(await ask(message("http://a.example/")));
  return kinds;
}

describe("a rule with a rate, in the filter", () => {
  it("lets pass what comes at the rate, and refuses what comes beyond", async () => {
    expect(await sendLinks(4)).toEqual(["forward", "forward", "reply", "reply"]);
    expect(await ask(message("no link"))).toBe("forward");
    clock.advance(11 * 60_000);
    expect(await sendLinks(1)).toEqual(["forward"]);
  });

  it("goes on counting when the rules are loaded anew", async () => {
    await sendLinks(2);
    policy = rated(
      [{ id: "other", when: { text: { phrase: "x" } }, then: "block" }, MANY_LINKS],
      2,
    );
    expect(await sendLinks(1)).toEqual(["reply"]);
  });

  it("counts a message that comes once more with credentials as one", async () => {
    const first = message("http://a.example/");
    const retry = parsedBytes(
      Buffer.from(
        first.bytes
          .toString()
          .replace("CSeq: 7", "CSeq: 8")
          .replace("Content-Type", 'Proxy-Authorization: Digest username="alice"\r\nContent-Type'),
      ),
    );
    expect([await ask(first), await ask(retry)]).toEqual(["forward", "forward"]);
    expect(await sendLinks(2)).toEqual(["forward", "reply"]);
  });

  it("counts the message that it refuses once, although it is judged again for its trace", async () => {
    await sendLinks(3);
    const [draft] = journal.drafts;
    expect(JSON.stringify(draft?.trace)).toContain("3 in 10m of sip:alice@example.com");
    expect(await sendLinks(1)).toEqual(["reply"]);
    expect(JSON.stringify(journal.drafts[1]?.trace)).toContain("4 in 10m");
  });

  it("counts a message that crosses the gateway twice as one", async () => {
    const request = message("http://a.example/");
    const outcome = await filter.onRequest(request, CLIENT, new AbortController().signal);
    const edits =
      outcome.kind === "forward" ? [...outcome.splices, ...(outcome.towardsServer ?? [])] : [];
    const back = parsedBytes(applySplices(request.bytes, edits));
    const fromServer = { ...CLIENT, side: "server", authenticatedAor: undefined } as const;
    expect(await ask(back, fromServer)).toBe("forward");
    expect(await sendLinks(2)).toEqual(["forward", "reply"]);
  });

  it("counts a message with files once, in all phases together", async () => {
    const rate = { ...RATE, count: { gt: 1 } };
    const when = { file: { exists: true }, rate };
    policy = rated([{ id: "files", on: ["session", "file"], when, then: "block" }], 2);
    const file = '--b\r\nContent-Disposition: attachment; filename="a.bin"\r\n\r\ndata\r\n';
    const sent = messageRequest(`${file}${file.replace("a.bin", "b.bin")}--b--`, {
      type: "multipart/mixed; boundary=b",
    });
    expect(await ask(sent)).toBe("forward");
    const again = parsedBytes(Buffer.from(sent.bytes.toString().replace("call-1", "call-2")));
    expect(await ask(again)).toBe("reply");
  });

  it("does not let a stranger use up the rate of the one in whose name he writes", async () => {
    const stranger = { ...CLIENT, authenticatedAor: undefined, sourceAddress: "203.0.113.9" };
    for (let n = 0; n < 5; n += 1) await ask(message("http://a.example/"), stranger);
    expect(await sendLinks(1)).toEqual(["forward"]);
  });
});

describe("what rules say of a message", () => {
  const SAYING = [
    {
      id: "web",
      when: { url: { any: true } },
      then: { tag: ["web", "link"], log: "link of {from.aor}" },
    },
    { id: "evil", when: { url: { host: "evil.example" } }, then: { tag: ["web"], block: {} } },
  ];

  it("stands in the line of what was let pass", async () => {
    policy = rated(SAYING, 2);
    const request = message("http://a.example/");
    const outcome = await filter.onRequest(request, CLIENT, new AbortController().signal);
    if (outcome.kind === "forward") outcome.onEnd?.({ status: 200, cause: "answered" });
    expect(journal.allowedEvents).toMatchObject([
      { tags: ["web", "link"], log: ["link of sip:alice@example.com"] },
    ]);
  });

  it("stands in the record of what was stopped, from all rules, each word once", async () => {
    policy = rated(SAYING, 2);
    expect(await ask(message("http://evil.example/"))).toBe("reply");
    expect(journal.drafts).toMatchObject([
      { rule: "evil", tags: ["web", "link"], log: ["link of sip:alice@example.com"] },
    ]);
  });
});
