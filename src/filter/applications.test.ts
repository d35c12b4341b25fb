import { describe, expect, it } from "vitest";
import { createDialogBench, type DialogBench, type Heard } from "./dialog-bench.test-data.ts";

const NETMEETING = "{44BBA842-CC51-11CF-AAFA-00AA00B6015C}";
const REMOTE_ASSISTANCE = "{56b994a7-380f-410b-9985-c809d78c1bdc}";
const CALL = "{02D3C01F-BF30-4825-A83A-DE7AF41648AA}";
const NOBODYS = "{00000000-0000-0000-0000-000000000001}";

function lines(...fields: readonly string[]): { readonly type: string; readonly body: string } {
  return {
    type: "text/x-msmsgsinvite; charset=UTF-8",
    body: `${fields.join("\r\n")}\r\n`,
  };
}

function invitation(guid: string, ...more: readonly string[]) {
  return lines(
    `Application-GUID: ${guid}`,
    "Session-Protocol: SM1",
    "Invitation-Command: INVITE",
    "Invitation-Cookie: 77001",
    ...more,
  );
}

const ACCEPT = lines(
  "Invitation-Command: ACCEPT",
  "Invitation-Cookie: 77001",
  "Session-Protocol: SM1",
  "Launch-Application: TRUE",
  "IP-Address: 192.0.2.20",
);
const FILE = lines(
  "Invitation-Command: INVITE",
  "Invitation-Cookie: 77001",
  "Application-File: a.txt",
  "Application-FileSize: 3",
  "Encryption: R",
);
const NAMED = {
  version: 1,
  rules: [{ id: "netmeeting", when: { media: { has: "netmeeting" } }, then: "allow" }],
};
/** Lets everything pass, and names nothing. */
const LAX = { version: 1, rules: [{ id: "all", on: ["message", "session"], then: "allow" }] };

function codesOf({ journal }: DialogBench): readonly string[] {
  return journal.drafts.map(({ reason }) => reason.split(":", 1)[0] ?? "");
}

describe("invitations to applications", () => {
  it("pass with the address in their answer where a rule allows the application by name", async () => {
    const bench = createDialogBench(NAMED);
    const invited = await bench.sends("alice", invitation(NETMEETING));
    expect(invited.out).toContain("Invitation-Cookie: 77001");
    const accepted = await bench.sends("bob", ACCEPT);
    expect(accepted.out).toContain("IP-Address: 192.0.2.20");
    const answered = await bench.sends("alice", ACCEPT);
    expect(answered.out).toContain("IP-Address: 192.0.2.20");
    expect(bench.journal.drafts).toEqual([]);
  });

  it.each([
    ["no rule says anything", { version: 1, rules: [] }, NETMEETING],
    ["a rule allows everything", LAX, NETMEETING],
    ["a rule names another one", NAMED, REMOTE_ASSISTANCE],
    [
      "a rule allows whatever is no file",
      {
        version: 1,
        rules: [{ id: "a", when: { media: { has: { not: "file" } } }, then: "allow" }],
      },
      CALL,
    ],
    ["nobody knows it", NAMED, NOBODYS],
    ["nobody knows it, and everything is allowed", LAX, NOBODYS],
  ])("are refused with their cookie where %s, and so is their answer", async (_, rules, guid) => {
    const bench = createDialogBench(rules);
    const { outcome, status } = await bench.sends("alice", invitation(guid));
    expect(status).toBe(606);
    expect(outcome.kind === "reply" && outcome.body?.bytes.toString()).toContain(
      "Invitation-Cookie: 77001\r\n",
    );
    expect((await bench.sends("bob", ACCEPT)).status).toBe(606);
    expect(codesOf(bench)).toEqual(["application-not-allowed", "unknown-transfer"]);
  });

  it("pass although nobody knows them where a rule says unknown", async () => {
    const bench = createDialogBench({
      version: 1,
      rules: [{ id: "any", when: { media: { has: "unknown" } }, then: "allow" }],
    });
    expect((await bench.sends("alice", invitation(NOBODYS))).status).toBeUndefined();
    expect((await bench.sends("bob", ACCEPT)).status).toBeUndefined();
  });

  it.each<[string, (bench: DialogBench) => Promise<Heard>, string]>([
    [
      "somebody else answers",
      (b) => b.sends("bob", { ...ACCEPT, tag: "cc33", context: {}, opens: true }),
      "not-a-party",
    ],
    [
      "whoever answers has not signed in",
      (b) => b.sends("bob", { ...ACCEPT, context: { authenticatedAor: undefined } }),
      "not-signed-in",
    ],
    ["the cookie comes again with a file", (b) => b.sends("alice", FILE), "cookie-used"],
    [
      "another one invites by the same cookie",
      (b) =>
        b.sends("alice", {
          ...invitation(NETMEETING),
          tag: "dd44",
          as: "sip:carol@example.com",
          context: { authenticatedAor: "sip:carol@example.com" },
          opens: true,
        }),
      "cookie-used",
    ],
  ])("keep to the two who talk: refused when %s", async (_, then, code) => {
    const bench = createDialogBench(NAMED);
    await bench.sends("alice", invitation(NETMEETING));
    expect((await then(bench)).status).toBe(606);
    expect(codesOf(bench)).toEqual([code]);
  });

  it("leave a file transfer its cookie, whose answer stays one about a file", async () => {
    const bench = createDialogBench(NAMED);
    await bench.sends("alice", FILE);
    expect((await bench.sends("alice", invitation(NETMEETING))).status).toBe(606);
    expect((await bench.sends("bob", ACCEPT)).status).toBe(606);
    expect(codesOf(bench)).toEqual(["cookie-used", "broken-accept"]);
  });

  it("are 20 of one sender in an hour at most, those that are cancelled not counted", async () => {
    const bench = createDialogBench(NAMED);
    const invites = async (n: number): Promise<number | undefined> => {
      const said = invitation(NETMEETING);
      return (await bench.sends("alice", { ...said, callId: `call-${n}` })).status;
    };
    for (let n = 0; n < 20; n += 1) expect(await invites(n)).toBeUndefined();
    expect(await invites(20)).toBe(606);
    expect(await invites(3)).toBeUndefined();
    const cancel = lines("Invitation-Command: CANCEL", "Invitation-Cookie: 77001");
    await bench.sends("alice", { ...cancel, callId: "call-3" });
    expect(await invites(21)).toBeUndefined();
    bench.clock.advance(3_600_001);
    for (let n = 30; n < 50; n += 1) expect(await invites(n)).toBeUndefined();
  });

  const keys = [
    "Encryption-Key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
    "Hash-Key: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
  ];
  const address = ["IP-Address: 192.0.2.10", "Port: 6891"];

  it.each([
    ["a size", ["Application-FileSize: 27"]],
    ["a wish for encryption", ["Encryption: R"]],
  ])("are file transfers, which nobody has allowed, with %s", async (_, fields) => {
    const bench = createDialogBench(NAMED);
    expect((await bench.sends("alice", invitation(NETMEETING, ...fields))).status).toBe(606);
  });

  it.each([
    ["the keys of a file", "bob", keys],
    ["an AuthCookie", "alice", [...address, "AuthCookie: 123456789"]],
    ["whoever has the file to connect", "bob", [...address, "Sender-Connect: TRUE"]],
  ] as const)("get no answer that brings %s", async (_, from, fields) => {
    const bench = createDialogBench(NAMED);
    await bench.sends("alice", invitation(NETMEETING));
    const accept = ["Invitation-Command: ACCEPT", "Invitation-Cookie: 77001", ...fields];
    expect((await bench.sends(from, lines(...accept))).status).toBe(606);
    expect(codesOf(bench)).toEqual(["broken-accept"]);
  });

  it("are between two: refused with a list of receivers, whoever else may get them", async () => {
    const to = { user: "bob" };
    const bench = createDialogBench({
      version: 1,
      rules: [{ id: "a", when: { media: { has: "netmeeting" }, to }, then: "allow" }],
    });
    const { type, body } = invitation(NETMEETING);
    const uris = ["bob", "carol"].map((user) => `<entry uri="sip:${user}@example.com"/>`).join("");
    const parts = [
      ["--x", `Content-Type: ${type}`, "", body],
      ["--x", "Content-Type: application/resource-lists+xml"],
      ["Content-Disposition: recipient-list", ""],
      [`<resource-lists><list>${uris}</list></resource-lists>`, "--x--", ""],
    ];
    const said = { type: "multipart/mixed;boundary=x", body: parts.flat().join("\r\n") };
    expect((await bench.sends("alice", said)).status).toBe(400);
    expect(codesOf(bench)).toEqual(["recipient-list"]);
  });

  it("are not allowed by what a rule says of the media that come with them", async () => {
    const unless = [{ name: "no T.120", media: { has: "t120" } }];
    const bench = createDialogBench({
      version: 1,
      rules: [{ id: "a", when: { media: { has: "app_sharing" } }, unless, then: "allow" }],
    });
    const sharing = invitation("{F1B1920C-6A3C-4ce7-B18C-AFAB305FD03D}");
    const inside = Buffer.from(sharing.body).toString("base64");
    const body = `${["v=0", "o=- 0 0 IN IP4 192.0.2.10", "s=-", "t=0 0", "m=applicationsharing 4002 TCP/RTP/AVP 127"].join("\r\n")}\r\n`;
    const headers = [`ms-text-format: text/x-msmsgsinvite; charset=UTF-8;ms-body=${inside}`];
    const said = { method: "INVITE", opens: true, type: "application/sdp", body, headers };
    expect((await bench.sends("alice", said)).status).toBe(606);
    expect(codesOf(bench)).toEqual(["application-not-allowed"]);
  });

  it("are over with their CANCEL: a later answer names no address any more", async () => {
    const bench = createDialogBench(NAMED);
    await bench.sends("alice", invitation(NETMEETING));
    const cancel = lines(
      "Invitation-Command: CANCEL",
      "Invitation-Cookie: 77001",
      "Cancel-Code: REJECT",
    );
    expect((await bench.sends("bob", cancel)).status).toBeUndefined();
    expect((await bench.sends("bob", ACCEPT)).status).toBe(606);
  });

  it("are file transfers as soon as they name a file, whatever their GUID", async () => {
    const bench = createDialogBench({
      version: 1,
      rules: [
        ...NAMED.rules,
        { id: "no-programs", when: { file: { extension: "exe" } }, then: "block" },
      ],
    });
    const program = invitation(
      NETMEETING,
      "Application-File: setup.exe",
      "Application-FileSize: 9",
    );
    expect((await bench.sends("alice", program)).status).toBe(606);
    expect(bench.journal.drafts).toMatchObject([
      { rule: "no-programs", file: { name: "setup.exe", size: 9 } },
    ]);
  });
});
