import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipServer } from "../support/sip-server.ts";
import { smuggledPairs } from "../support/smuggled-pairs.ts";
import { sized } from "../support/torture-size.ts";
import { readTortureFiles } from "../support/torture-file.ts";

/** HARDENING D3: whoever forges the address of a victim must gain nothing by it. */
const MOST = 1.5;
const MOST_FINALS = 5;

describe("one datagram of somebody unknown", () => {
  let gateway: GatewayProcess;
  let server: SipServer;

  beforeAll(async () => {
    server = await SipServer.open("127.0.0.2");
    server.answering = "silence";
    gateway = await GatewayProcess.start({ upstream: [server.uri("udp")], answer_within: "1s" });
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Sends it from a socket of its own; gives what comes back within the time. */
  async function answersTo(bytes: Buffer, waitMs: number): Promise<readonly string[]> {
    const socket = createSocket("udp4");
    const answers: string[] = [];
    socket.on("message", (answer) => answers.push(answer.toString("latin1")));
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { address, port } = gateway.at("udp");
    socket.send(bytes, port, address);
    await delay(waitMs);
    socket.close();
    return answers;
  }

  it("gets no answer that is more than half as long again", async () => {
    const probes = [...corpus(), ...shortRequests()].map(({ name, bytes }) => ({
      name,
      bytes: withRport(bytes),
    }));
    const seen: { readonly name: string; readonly ratio: number }[] = [];
    for (let at = 0; at < probes.length; at += 50) {
      const batch = probes.slice(at, at + 50).map(async ({ name, bytes }) => {
        for (const answer of await answersTo(bytes, 1500)) {
          seen.push({
            name: `${name}: ${answer.split("\r\n")[0]}`,
            ratio: answer.length / bytes.length,
          });
        }
      });
      await Promise.all(batch);
    }
    expect(seen.length).toBeGreaterThan(probes.length / 2);
    expect(seen.filter(({ ratio }) => ratio > MOST)).toEqual([]);
  });

  it("gets the refusal of an INVITE that it never acknowledges a few times only", async () => {
    const { bytes } = shortRequests().find(({ name }) => name === "INVITE without hops") ?? {
      bytes: Buffer.alloc(0),
    };
    const fromGateway = await answersTo(withRport(bytes), 500);
    server.answering = 486;
    const fromServer = await answersTo(
      withRport(shortRequest("INVITE", "refused")),
      sized(9000, 34_000),
    );
    expect(fromGateway).toHaveLength(1);
    const finals = fromServer.filter((answer) => !answer.startsWith("SIP/2.0 100"));
    expect(finals.length).toBeGreaterThan(1);
    expect(finals.length).toBeLessThanOrEqual(MOST_FINALS);
  });
});

interface Probe {
  readonly name: string;
  readonly bytes: Buffer;
}

function corpus(): readonly Probe[] {
  const files = readTortureFiles(join(import.meta.dirname, "sip"));
  return [
    ...files.map(({ name, bytes }) => ({ name, bytes: bytes("udp") })),
    ...smuggledPairs()
      .filter((_, i) => i % 10 === 0)
      .map(({ name, bytes }) => ({ name, bytes: bytes("udp") })),
  ];
}

/** Hardly anything but what must be there: the best that somebody who wants much for little can do. */
function shortRequests(): readonly Probe[] {
  // Not REGISTER: its challenge is the registrar's.
  const methods = ["OPTIONS", "INVITE", "MESSAGE", "CANCEL", "BYE", "SUBSCRIBE", "A"];
  const odd: Readonly<Record<string, Buffer>> = {
    "INVITE without hops": shortRequest("INVITE", "hops", "Max-Forwards:0"),
    "an extension": shortRequest("A", "ext", "Proxy-Require:a,b,c,d,e,f,g,h,i,j"),
    "a scheme": shortRequest("A", "scheme", "X:y", "x:y"),
    "a link to a program": withBody("http://a.example/b.exe"),
    "an unknown charset": withBody("hello", "c:text/plain;charset=x"),
    "a link of an LCS client": withBody("http://a.example/b.exe", "c:text/plain", ";epid=1"),
    "an OPTIONS to us": shortRequest("OPTIONS", "us", "X:y", "sip:127.0.0.1"),
  };
  return [
    ...methods.map((method) => ({ name: method, bytes: shortRequest(method, method) })),
    ...Object.entries(odd).map(([name, bytes]) => ({ name, bytes })),
  ];
}

function shortRequest(method: string, id: string, more = "X:y", uri = "sip:b@c"): Buffer {
  return Buffer.from(
    `${method} ${uri} SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK${id}\r\nf:<sip:a@b>;tag=1\r\nt:<${uri}>\r\n` +
      `i:${id}\r\nCSeq:1 ${method}\r\n${more}\r\n\r\n`,
  );
}

function withBody(text: string, more = "c:text/plain", ofFrom = ""): Buffer {
  const head = shortRequest(
    "MESSAGE",
    `body-${text.length}${ofFrom}${more}`.replaceAll(/\W/g, ""),
    more,
  );
  return Buffer.from(head.toString("latin1").replace(";tag=1", `;tag=1${ofFrom}`) + text);
}

/** The answer shall come to the socket that asked, or it would not be counted. */
function withRport(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  return Buffer.from(text.replace(/;branch=z9hG4bK[^;,\s]*/, "$&;rport"), "latin1");
}
