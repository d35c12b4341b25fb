import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SipClient } from "../support/sip-client.ts";
import type { SipText } from "../support/sip-text.ts";
import { TortureStage } from "../support/torture-stage.ts";

/** What svmap and svwar send, in their manner (HARDENING M7). */
function probe(method: string, user: string, body = ""): Buffer {
  const lines = [
    `${method} sip:${user}@example.test SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK-${method}-${user};rport`,
    "Content-Length: " + body.length,
    `From: "sipvicious"<sip:100@1.1.1.1>;tag=6363303030303031333363340132303438363231303637`,
    "Accept: application/sdp",
    "User-Agent: friendly-scanner",
    `To: "sipvicious"<sip:${user}@example.test>`,
    `Contact: sip:100@127.0.1.1:5060`,
    `CSeq: 1 ${method}`,
    `Call-ID: ${method}-${user}`,
    "Max-Forwards: 70",
    ...(body === "" ? [] : ["Content-Type: text/plain"]),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

describe("somebody who looks for users", () => {
  let stage: TortureStage;
  let alice: SipClient;

  beforeAll(async () => {
    stage = await TortureStage.open();
    alice = await SipClient.signOn({
      name: "alice",
      transport: "tcp",
      gateway: stage.gateway.at("tcp"),
    });
  });

  afterAll(async () => {
    await alice[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  /** The answer without what is the probe's own, or ours by chance. */
  function shape(answer: SipText | undefined, user: string): string {
    const text = answer?.bytes.toString("latin1") ?? "none";
    return text
      .replaceAll(user, "USER")
      .replaceAll(/127\.9\.\d+\.\d+|;tag=sl\w+|INC-\w{8}|rport=\d+|(?<=Path: <sip:)[\w-]+/g, "…");
  }

  async function answerTo(method: string, user: string, body?: string): Promise<string> {
    const { answer } = await stage.send("udp", probe(method, user, body));
    return shape(answer, user);
  }

  it.each(["OPTIONS", "INVITE", "MESSAGE", "SUBSCRIBE", "REGISTER"])(
    "gets the server's own answer to %s, the same for users that are there and that are not",
    async (method) => {
      stage.server.answering = 200;
      const [known, unknown] = [await answerTo(method, "alice"), await answerTo(method, "nobody")];
      expect(known).toMatch(/^SIP\/2\.0 200 /);
      expect(known).toBe(unknown);
    },
  );

  it("gets the same from us when a rule stops it, and no name of a program", async () => {
    const text = "http://x.example.net/tool.exe";
    const [known, unknown] = [
      await answerTo("MESSAGE", "alice2", text),
      await answerTo("MESSAGE", "nobody2", text),
    ];
    expect(known).toMatch(/^SIP\/2\.0 403 /);
    expect(known).toBe(unknown);
    expect(known).not.toMatch(
      /^(?:Server|User-Agent|Allow|Supported|WWW-Authenticate|Proxy-Authenticate):/im,
    );
  });

  it("learns nothing of us from an OPTIONS to the gateway itself", async () => {
    const { address, port } = stage.gateway.at("udp");
    const bytes = probe("OPTIONS", "x")
      .toString()
      .replace("sip:x@example.test SIP", `sip:${address}:${port} SIP`);
    const { answer, forwarded } = await stage.send("udp", Buffer.from(bytes));
    expect(answer?.status).toBe(200);
    expect(forwarded).toEqual([]);
    const names = new Set(answer?.headers.map((header) => header.name));
    expect(names).toEqual(new Set(["via", "from", "to", "call-id", "cseq", "content-length"]));
  });

  it("cannot bring headers of trust to the server", async () => {
    const bytes = probe("MESSAGE", "bob")
      .toString()
      .replace(
        "Accept:",
        "P-Asserted-Identity: <sip:boss@example.test>\r\nSluice-Mark: 1\r\nAccept:",
      );
    const { forwarded } = await stage.send("udp", Buffer.from(bytes));
    expect(forwarded).toHaveLength(1);
    const [request] = forwarded;
    expect(request?.header("p-asserted-identity")).toBeUndefined();
    expect(request?.all("sluice-mark").filter((mark) => mark === "1")).toEqual([]);
  });
});
