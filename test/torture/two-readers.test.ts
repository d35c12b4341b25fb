import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readByNpmSip, type SecondReading } from "../support/npm-sip.ts";
import { HIDDEN, smuggledPairs, type SmuggledPair } from "../support/smuggled-pairs.ts";
import type { TortureTransport } from "../support/torture-file.ts";
import type { SipText } from "../support/sip-text.ts";
import { sized } from "../support/torture-size.ts";
import { fateInAWord, TortureStage } from "../support/torture-stage.ts";

describe("a message that two readers might read in two ways", () => {
  let stage: TortureStage;
  let wentOn = 0;

  beforeAll(async () => {
    stage = await TortureStage.open();
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** Undefined when it was refused, or when npm `sip` reads at the server what the gateway has judged. */
  async function complaint(
    transport: TortureTransport,
    pair: SmuggledPair,
  ): Promise<string | undefined> {
    const fate = await stage.send(transport, pair.bytes(transport));
    const [forwarded, second] = fate.forwarded;
    if (forwarded === undefined) {
      // A stream waits for the rest of a long body.
      const waits = transport === "tcp" && pair.name.includes("Length");
      return fate.status >= 400 || fate.closed || waits
        ? undefined
        : `${pair.name}: ${fateInAWord(fate)}`;
    }
    wentOn += 1;
    if (second !== undefined) return `${pair.name}: two requests came of it`;
    const wrong = differences(forwarded, readByNpmSip(forwarded.bytes));
    return wrong.length === 0 ? undefined : `${pair.name}: ${wrong.join("; ")}`;
  }

  it.each(["udp", "tcp"] as const)(
    "is refused, or goes on so that npm sip reads what was judged: over %s",
    async (transport) => {
      const complaints: string[] = [];
      const all = smuggledPairs();
      // Over a stream each takes a connection of its own.
      const every = transport === "tcp" ? sized(4, 1) : 1;
      for (const pair of all.filter((_, i) => i % every === 0)) {
        const wrong = await complaint(transport, pair);
        if (wrong !== undefined) complaints.push(wrong);
      }
      expect(complaints).toEqual([]);
    },
  );

  it("comes in more than three hundred forms, of which a few are legal", () => {
    expect(smuggledPairs().length).toBeGreaterThan(300);
    expect(wentOn).toBeGreaterThan(20);
  });
});

/** What npm `sip` reads otherwise than the reader that knows nothing of folds, escapes and doublets. */
function differences(forwarded: SipText, reading: SecondReading | undefined): readonly string[] {
  if (reading === undefined) return ["npm sip cannot read it"];
  const content = reading.content ?? "";
  const { headers } = reading;
  const address = (value: unknown): unknown => (value as { uri?: unknown } | undefined)?.uri;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ["body", content, forwarded.body.toString("latin1")],
    ["hidden link", content.includes(HIDDEN), false],
    ["Content-Type", headers["content-type"], forwarded.header("content-type")],
    ["Call-ID", headers["call-id"], forwarded.callId],
    ["From", address(headers["from"]), "sip:mallory@example.net"],
    ["To", address(headers["to"]), "sip:bob@example.test"],
    ["CSeq", (headers["cseq"] as { method?: unknown }).method, "MESSAGE"],
  ];
  return pairs
    .filter(([, a, b]) => a !== b)
    .map(([what, a, b]) => `${what}: ${String(a)} is not ${String(b)}`);
}
