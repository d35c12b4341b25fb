import { describe, expect, it } from "vitest";
import { SipResponse } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { createDialogBench, type DialogBench, type Said } from "./dialog-bench.test-data.ts";
import { ALICE } from "./filter-setup.test-data.ts";

const NO_PROGRAMS = {
  version: 1,
  rules: [{ id: "no-programs", when: { file: { extension: "exe" } }, then: "block" }],
};
const DATA = "m=data 50002 TCP/RTP/SAVP 127";

function sdp(line: string): string {
  return `${["v=0", "o=- 0 0 IN IP4 192.0.2.10", "s=session", "t=0 0", line, "a=sendonly"].join("\r\n")}\r\n`;
}

function offer(name: string): Said {
  const xml = `<request xmlns="http://schemas.microsoft.com/rtc/2009/05/filetransfer" requestId="1"><publishFile><fileInfo><id>{1}</id><name>${name}</name><size>5000</size></fileInfo></publishFile></request>`;
  const lines = [
    "--x",
    "Content-Type: application/ms-filetransfer+xml",
    "Content-Disposition: render; handling=optional",
    "",
    xml,
    "--x",
    "Content-Type: application/sdp",
    "Content-Disposition: session; handling=optional",
    "",
    `${sdp(DATA)}--x--`,
    "",
  ];
  return {
    method: "INVITE",
    opens: true,
    cseq: 1,
    type: "multipart/mixed;boundary=x",
    body: lines.join("\r\n"),
  };
}

/** The line of bob's answer as alice gets it. */
function answered(bench: DialogBench, said: Said): string {
  const body = sdp(DATA.replace("50002", "50010"));
  const bytes = [
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/TCP 192.0.2.10:5061;branch=z9hG4bKbench1",
    "From: <sip:alice@example.com>;tag=aa11",
    "To: <sip:bob@example.com>;tag=bb22",
    "Call-ID: bench@192.0.2.10",
    "CSeq: 1 INVITE",
    "Content-Type: application/sdp",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  const limits = { maxHeadBytes: 65_536, maxHeaderCount: 100, maxBodyBytes: 65_536 };
  const parsed = parseDatagram(Buffer.from(bytes, "latin1"), limits);
  if (!parsed.ok || !(parsed.value instanceof SipResponse)) throw new Error("no response");
  const splices = bench.filter.onResponse(parsed.value, bench.request("alice", said), ALICE);
  return /m=data [^\r]*/.exec(applySplices(parsed.value.bytes, splices).toString())?.[0] ?? "";
}

describe("a file of Lync, which nobody can look into", () => {
  it("is refused by its name", async () => {
    const bench = createDialogBench(NO_PROGRAMS);
    expect((await bench.sends("alice", offer("setup.exe"))).status).toBe(606);
    expect(bench.journal.drafts).toMatchObject([
      { rule: "no-programs", file: { name: "setup.exe", size: 5000 }, scan: [] },
    ]);
  });

  it("is refused by scan.on_unscannable where a rule would let it pass, and its record says why", async () => {
    const bench = createDialogBench(NO_PROGRAMS);
    expect((await bench.sends("alice", offer("notes.txt"))).status).toBe(606);
    expect(bench.journal.drafts).toMatchObject([
      {
        action: "block",
        rule: "on_unscannable",
        file: { name: "notes.txt", size: 5000, sha256: undefined },
        scan: [{ engine: "none", result: "unscannable", reason: "encrypted" }],
      },
    ]);
  });

  it("passes by on_unscannable: allow, with its answer, and is still refused by its name", async () => {
    const bench = createDialogBench(NO_PROGRAMS, { onUnscannable: "allow" });
    const said = offer("notes.txt");
    expect((await bench.sends("alice", said)).out).toContain(DATA);
    expect(answered(bench, said)).toBe("m=data 50010 TCP/RTP/SAVP 127");
    expect((await bench.sends("alice", offer("setup.exe"))).status).toBe(606);
    const fetched = offer("setup.exe").body?.replaceAll("publishFile", "downloadFile") ?? "";
    const xml = /<request.*<\/request>/.exec(fetched)?.[0] ?? "";
    const info = { method: "INFO", type: "application/ms-filetransfer+xml", body: xml };
    expect((await bench.sends("bob", info)).status).toBe(606);
    const harmless = { ...info, body: xml.replace("setup.exe", "notes.txt") };
    expect((await bench.sends("bob", harmless)).status).toBeUndefined();
  });

  it.each([
    ["a comment", "<!-- x --><request>", "setup.exe"],
    ["a section of CDATA", "<request>", "<![CDATA[setup.exe]]>"],
    ["a document type", "<!DOCTYPE request><request>", "setup.exe"],
    ["another charset", '<?xml version="1.0" encoding="UTF-7"?><request>', "setup+AC4-exe"],
    ["bytes that are no text", "\xff\xfe<request>", "setup.exe"],
  ])("is refused by its name although %s would hide that", async (_, begin, name) => {
    const bench = createDialogBench(NO_PROGRAMS, { onUnscannable: "allow" });
    const body = `${begin}<publishFile><fileInfo><name>${name}</name></fileInfo></publishFile></request>`;
    const info = { method: "INFO", type: "application/ms-filetransfer+xml", body };
    expect((await bench.sends("alice", info)).status).toBe(400);
    expect(bench.journal.drafts.map(({ rule }) => rule)).toEqual(["parse_problem"]);
  });

  it("passes by a rule that says skip_scan, with its answer", async () => {
    const allow = { skip_scan: true, because: "tools of the helpdesk" };
    const bench = createDialogBench({
      version: 1,
      rules: [{ id: "tools", when: { file: { name: "tool.txt" } }, then: { allow } }],
    });
    const said = offer("tool.txt");
    expect((await bench.sends("alice", said)).status).toBeUndefined();
    expect(answered(bench, said)).toBe("m=data 50010 TCP/RTP/SAVP 127");
  });

  it.each(["INVITE", "UPDATE"])("is refused without a name in an %s", async (method) => {
    const bench = createDialogBench(NO_PROGRAMS);
    const said = { method, type: "application/sdp", body: sdp(DATA) };
    expect((await bench.sends("alice", said)).status).toBe(606);
    expect(
      (await bench.sends("alice", { ...said, body: sdp(DATA.replace("50002", "0")) })).status,
    ).toBeUndefined();
  });

  it("has its line closed in an answer to an offer that has none", () => {
    const bench = createDialogBench(NO_PROGRAMS);
    expect(answered(bench, { method: "INVITE", opens: true, cseq: 1 })).toBe(
      "m=data 0 TCP/RTP/SAVP 127",
    );
    expect(bench.journal.drafts).toMatchObject([{ action: "block", rule: "on_unscannable" }]);
  });
});
