import { beforeEach, describe, expect, it, vi } from "vitest";
import { createDialogBench, type DialogBench, type Said } from "./dialog-bench.test-data.ts";

const RULES = {
  version: 1,
  rules: [{ id: "no-files", on: "session", when: { file: { exists: true } }, then: "block" }],
};

function offer(cookie: string, more: Partial<Said> = {}): Said {
  const lines = [
    "Invitation-Command: INVITE",
    `Invitation-Cookie: ${cookie}`,
    "Application-File: hello.txt",
    "Application-FileSize: 27",
    "Encryption: R",
    "",
  ];
  return { type: "text/x-msmsgsinvite; charset=UTF-8", body: lines.join("\r\n"), ...more };
}

let bench: DialogBench;

beforeEach(() => {
  bench = createDialogBench(RULES);
});

async function cancelled(): Promise<readonly string[]> {
  await Promise.resolve();
  return bench.means.inLeg.map(({ body }) => body.toString());
}

describe("a client that ignores the refusal of its invitation", () => {
  it("is told by a CANCEL in its dialog when it invites again by the same cookie, once", async () => {
    await bench.sends("alice", offer("5"));
    expect(await cancelled()).toEqual([]);
    await bench.sends("alice", offer("5"));
    await bench.sends("alice", offer("5"));
    expect(await cancelled()).toEqual([
      "Invitation-Command: CANCEL\r\nInvitation-Cookie: 5\r\nCancel-Code: FAIL\r\n",
    ]);
    expect(bench.means.inLeg).toMatchObject([
      { fromTag: "bb22", toTag: "aa11", toAor: "sip:alice@example.com" },
    ]);
  });

  it("lets go of its call after a while, for nobody else would", async () => {
    const watch = vi.spyOn(bench.means.originator, "watch");
    const unwatch = vi.spyOn(bench.means.originator, "unwatch");
    await bench.sends("alice", offer("5"));
    await bench.sends("alice", offer("5"));
    await cancelled();
    expect(unwatch).not.toHaveBeenCalled();
    bench.clock.advance(600_000);
    expect(unwatch.mock.calls).toEqual(watch.mock.calls);
    expect(watch).toHaveBeenCalledTimes(1);
  });

  it("is told later when the way to it is not known yet", async () => {
    const end = { kind: "failed", reason: "no-leg" } as const;
    const send = vi.spyOn(bench.means.originator, "sendInLeg").mockResolvedValueOnce(end);
    for (let n = 0; n < 4; n += 1) {
      await bench.sends("alice", offer("5"));
      await cancelled();
    }
    expect(send).toHaveBeenCalledTimes(2);
  });

  it.each<[string, Said, Said]>([
    ["it invites by another cookie", offer("5"), offer("6")],
    ["it has not signed in", offer("5", { context: { authenticatedAor: undefined } }), offer("5")],
    ["it is outside of a dialog", offer("5", { opens: true }), offer("5", { opens: true })],
    [
      "it signs",
      offer("5", { context: { signed: true } }),
      offer("5", { context: { signed: true } }),
    ],
  ])("is not told when %s", async (_, first, second) => {
    await bench.sends("alice", first);
    await bench.sends("alice", second);
    expect(await cancelled()).toEqual([]);
  });

  it("has one call watched at a time, however many it has", async () => {
    const watch = vi.spyOn(bench.means.originator, "watch");
    for (const call of ["a", "b", "c"]) {
      const said = offer("5", { callId: call });
      await bench.sends("alice", said);
      await bench.sends("alice", said);
    }
    expect(watch).toHaveBeenCalledTimes(1);
  });
});

describe("the account that notices come from", () => {
  it("opens no way round the rules for a peer that writes it into From", async () => {
    const account = "sip:sluice@example.com";
    const forged = { ...offer("5"), as: account };
    expect((await bench.sends("alice", forged)).status).toBe(606);
    const fromServer = {
      ...forged,
      context: { side: "server", authenticatedAor: undefined },
    } as const;
    expect((await bench.sends("alice", fromServer)).status).toBe(606);
    const marked = { ...fromServer, headers: ["Sluice-Mark: v=1;mac=AAAA"] };
    expect((await bench.sends("alice", marked)).status).toBe(606);
  });
});
