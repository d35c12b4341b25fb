import { describe, expect, it } from "vitest";
import { createDialogBench, type Said } from "./dialog-bench.test-data.ts";

const NO_LINKS = {
  version: 1,
  rules: [
    { id: "no-links", when: { url: { any: true } }, then: "block" },
    { id: "not-for-carol", when: { from: { user: "carol" } }, then: "block" },
  ],
};
const SERVER = { side: "server", authenticatedAor: undefined } as const;

function said(text: string, ...headers: readonly string[]): Said {
  const type = "text/plain; charset=UTF-8";
  return { type, body: text, headers, as: "sip:conf-1@example.com", context: SERVER };
}

describe("a message of a conference", () => {
  const carol = 'Ms-Sender: "Carol" <sip:Carol@EXAMPLE.com;gruu>';

  it("is recorded with who has written it, when it passes and when it is refused", async () => {
    const bench = createDialogBench(NO_LINKS);
    await bench.sends("bob", said("hello", carol));
    await bench.sends("bob", said("see http://evil.example/", carol));
    expect(bench.journal.allowedEvents).toMatchObject([
      { from: "sip:conf-1@example.com", actor: "sip:Carol@example.com" },
    ]);
    expect(bench.journal.drafts).toMatchObject([
      { rule: "no-links", from: "sip:conf-1@example.com", actor: "sip:Carol@example.com" },
    ]);
  });

  it("counts for rules as one of its From, whoever the field names", async () => {
    const bench = createDialogBench(NO_LINKS);
    expect(
      (await bench.sends("bob", said("hello", carol.replace("Carol@", "carol@")))).status,
    ).toBeUndefined();
  });

  it.each([
    ["nobody is named", []],
    ["two are named", [carol, "ms-sender: <sip:dave@example.com>"]],
    ["what is named is no address", ["Ms-Sender: Carol the Great"]],
  ])("has no such entry when %s", async (_, headers) => {
    const bench = createDialogBench(NO_LINKS);
    await bench.sends("bob", said("hello", ...headers));
    expect(bench.journal.allowedEvents[0]?.actor).toBeUndefined();
  });
});
