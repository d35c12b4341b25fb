import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import {
  createNotifier,
  DEFAULT_NOTICE_LIMITS,
  type NoticeEnd,
  type NoticeMessage,
  type NotifierOptions,
} from "./create-notifier.ts";

const ACCOUNT = "sip:sluice@example.com";
const OK: NoticeEnd = { kind: "answered", status: 200 };

function rig(given: { end?: () => Promise<NoticeEnd>; options?: Partial<NotifierOptions> } = {}) {
  const clock = createManualClock();
  const sent: NoticeMessage[] = [];
  const notifier = createNotifier(
    {
      clock,
      originate: async (message) => {
        sent.push(message);
        return given.end?.() ?? OK;
      },
    },
    { account: ACCOUNT, ...DEFAULT_NOTICE_LIMITS, ...given.options },
  );
  let senders = 0;
  const say = (text: string, to = "sip:bob@example.com", sender = `sip:s${(senders += 1)}@x`) =>
    notifier.send({
      to,
      text,
      encrypted: true,
      about: { sender, receiver: "sip:bob@example.com" },
    });
  const shown = async (text: string) => {
    await say(text);
    return sent.at(-1)?.body.toString("utf8");
  };
  return { clock, sent, say, shown, notifier };
}

describe("createNotifier", () => {
  it("sends the text from the account, in UTF-8", async () => {
    const { sent, say } = rig();
    expect(await say("„Ölpreis.exe“ wurde gesperrt 🦠")).toBe("delivered");
    expect(sent).toEqual([
      {
        from: ACCOUNT,
        to: "sip:bob@example.com",
        contentType: "text/plain; charset=UTF-8",
        body: Buffer.from("„Ölpreis.exe“ wurde gesperrt 🦠"),
        encrypted: true,
      },
    ]);
  });

  it.each([
    ["withheld", "not sent"],
    ["timeout", "failed"],
  ] as const)("reports what ended in %s as %s", async (reason, state) => {
    const { say } = rig({ end: async () => ({ kind: "failed", reason }) });
    expect(await say("x")).toBe(state);
  });

  it.each([
    [200, "delivered"],
    [202, "accepted"],
    [204, "delivered"],
    [302, "refused"],
    [404, "refused"],
    [407, "refused"],
    [606, "refused"],
  ])("reports a %i as %s", async (status, state) => {
    const { say } = rig({ end: async () => ({ kind: "answered", status }) });
    expect(await say("x")).toBe(state);
  });

  it("reports no answer, and a sender that breaks, as failed", async () => {
    const silent = rig({ end: async () => ({ kind: "failed", reason: "timeout" }) });
    expect(await silent.say("x")).toBe("failed");
    const broken = rig({ end: async () => Promise.reject(new Error("broken")) });
    expect(await broken.say("x")).toBe("failed");
  });

  it("sends nothing without an account", async () => {
    const { sent, say } = rig({ options: { account: undefined } });
    expect(await say("x")).toBe("no account");
    expect(sent).toEqual([]);
  });

  it.each([ACCOUNT, "SIP:Sluice@EXAMPLE.com", "sips:sluice@example.com;transport=tcp"])(
    "never writes to itself (%s)",
    async (to) => {
      const { sent, say } = rig();
      expect(await say("x", to)).toBe("refused");
      expect(sent).toEqual([]);
    },
  );

  it.each([
    ["an order turned round", "photo\u202Egpj.exe", "photogpj.exe"],
    ["isolates and marks", "\u2066a\u2069\u200E\u200F\u061Cb", "ab"],
    ["what has no width", "a\u200B\u200C\u200D\u2060\uFEFF\u00ADb", "ab"],
    ["fillers and tags", "a\u3164\u115F\u{E0041}\u{E007F}\uFE0Fb", "ab"],
    ["controls", "a\u0000\u0007\u001B[31mb\u007F\u009Bc", "a[31mbc"],
    ["a second line", "x.doc\r\n\r\nFrom the admin: run it", "x.doc From the admin: run it"],
    ["line ends of Unicode", "a\u2028b\u2029c\u0085d", "a b c d"],
    ["half a character", "a\uD800b", "a\uFFFDb"],
  ])("takes %s out of the text", async (_what, text, expected) => {
    expect(await rig().shown(text)).toBe(expected);
  });

  it("cuts the text to 1000 characters, and no character in two", async () => {
    expect(await rig().shown("🦠".repeat(1200))).toBe("🦠".repeat(1000));
    expect(await rig().shown("\u200B".repeat(5000) + "a".repeat(1000))).toBe("a".repeat(1000));
  });

  it("writes ten times a minute to one user, however he is spelt", async () => {
    const { clock, say } = rig();
    for (let i = 0; i < 10; i += 1) expect(await say("x")).toBe("delivered");
    expect(await say("x")).toBe("limited");
    expect(await say("x", "SIPS:BOB@example.com")).toBe("limited");
    expect(await say("x", "sip:carol@example.com")).toBe("delivered");
    clock.advance(59_999);
    expect(await say("x")).toBe("limited");
    clock.advance(1);
    expect(await say("x")).toBe("delivered");
  });

  it("counts what failed as well, and what was limited not", async () => {
    const { clock, say } = rig({ end: async () => ({ kind: "failed", reason: "timeout" }) });
    for (let i = 0; i < 10; i += 1) await say("x");
    for (let i = 0; i < 50; i += 1) expect(await say("x")).toBe("limited");
    clock.advance(60_000);
    expect(await say("x")).toBe("failed");
  });

  it("writes twenty times a minute about one sender, to however many", async () => {
    const { clock, say } = rig();
    const states: string[] = [];
    for (let i = 0; i < 30; i += 1) states.push(await say("x", `sip:u${i}@x`, "sip:eve@x"));
    expect(states.filter((state) => state === "delivered")).toHaveLength(20);
    expect(await say("x", "sip:u1@x", "SIP:Eve@X")).toBe("limited");
    expect(await say("x", "sip:u1@x", "sip:dave@x")).toBe("delivered");
    clock.advance(60_000);
    expect(await say("x", "sip:u1@x", "sip:eve@x")).toBe("delivered");
  });

  it.each([
    [ACCOUNT, "sip:bob@example.com"],
    ["sip:bob@example.com", "SIPS:Sluice@example.com"],
  ])("sends none about what came from or went to its own account", async (sender, receiver) => {
    const { sent, notifier } = rig();
    const notice = { to: "sip:bob@example.com", text: "x", encrypted: true };
    expect(await notifier.send({ ...notice, about: { sender, receiver } })).toBe("refused");
    expect(sent).toEqual([]);
  });

  it("writes 600 times a minute in all", async () => {
    const { sent, say } = rig();
    const states = await Promise.all(
      Array.from({ length: 700 }, (_, i) => say("x", `sip:u${i}@example.com`)),
    );
    expect(states.filter((state) => state === "delivered")).toHaveLength(600);
    expect(states.filter((state) => state === "limited")).toHaveLength(100);
    expect(sent).toHaveLength(600);
  });
});
