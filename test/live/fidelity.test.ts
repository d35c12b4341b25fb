import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { Inbox } from "../support/inbox.ts";
import { SipClient } from "../support/sip-client.ts";
import {
  openDatagramSocket,
  openStreamServer,
  type Reply,
  type SipSocket,
  type TestTransport,
} from "../support/sip-socket.ts";
import type { SipText } from "../support/sip-text.ts";

/** The server side stands on another address, as everywhere in these tests. */
const SERVER = { address: "127.0.0.2", port: 0 };

const BODY = Buffer.from(
  "zwei  Blanks,\ta tab, ein ü, a ✓;\nbare LF, then CRLF\r\n.\r\n\r\nend",
  "utf8",
);

interface Arrival {
  readonly message: SipText;
  readonly reply: Reply;
}

/** Header lines that a proxy has no reason to touch, each odd in its own way. One character is one byte. */
function oddRequest(transport: TestTransport, port: number, branch: string): readonly string[] {
  return [
    "MESSAGE sip:Bob%41@example.test;method=x;odd=%7e SIP/2.0",
    `v:SIP/2.0/${transport.toUpperCase()} 127.0.0.1:${port};rport;note="one, two; three";branch=${branch};x-flag`,
    "Max-Forwards:   70",
    'f: "M\xfcller \\"the, comma\\" <x>"   <sip:alice@example.test>;tag=1;epid=00AbC;x=",;"',
    "t:<sip:bob@example.test>;epid=01",
    `i: ${branch}@odd`,
    "CSeq: 0042   MESSAGE",
    "X-Folded: first,",
    "  second;\tparam",
    " \t third",
    "Subject:\tred, green",
    "X-Twice: a",
    'EndPoints: <sip:a@example.test>, "B" <sip:b@example.test>',
    "x-twice: b, c",
    "X-Nothing:",
    "X-Blanks:   v   ",
    "x-MiXeD-CaSe: Value",
    "Identity: abc.def==;info=<https://c.example.net/x.pem>;alg=ES256",
    'Proxy-Authorization: NTLM qop="auth", realm="R", targetname="t", crand="1a", response="0100"',
    'Authentication-Info: NTLM rspauth="01", srand="9F", snum="5"',
    'P-Asserted-Identity: "A" <sip:alice@example.test>, <tel:+1425>',
    "Ms-Conversation-ID: f=1;x=2",
    "Date: Sat, 13 Nov 2010 23:29:00 GMT",
    "c:text/plain ; charset=utf-8",
    `l:  ${BODY.length}`,
  ];
}

function bytesOf(lines: readonly string[], body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/** Header lines as sent, folds rejoined with their line ends. */
function wholeHeaders(lines: readonly string[]): readonly string[] {
  return lines
    .slice(1)
    .join("\r\n")
    .split(/\r\n(?![ \t])/);
}

/** RFC 3581 §4: what the next hop must write into our Via. */
function withoutSourceNotes(line: string): string {
  if (!/^(v|via)\s*:/i.test(line)) return line;
  return line.replace(/;received=[^;]*/, "").replace(/;rport=\d+/, ";rport");
}

/** What the gateway may add on the way to the server. */
function isOurs(line: string): boolean {
  return /^(Record-Route|Sluice-Mark):/i.test(line);
}

function expectOnlyAllowedChanges(sent: readonly string[], arrived: SipText): void {
  expect(arrived.startLine).toBe(sent[0]);
  const [ourVia, ...rest] = arrived.headers.map((header) => header.raw).filter((x) => !isOurs(x));
  expect(ourVia).toMatch(/^Via: SIP\/2\.0\//);
  const wanted = wholeHeaders(sent).map((line) => line.replace(/^(Max-Forwards:\s*)70$/, "$169"));
  const maxForwards = (line: string): string => line.replace(/^Max-Forwards:\s*/, "Max-Forwards: ");
  expect(rest.map(withoutSourceNotes).map(maxForwards)).toEqual(wanted.map(maxForwards));
  expect(arrived.body.equals(BODY)).toBe(true);
}

describe.each<{ transport: TestTransport }>([{ transport: "udp" }, { transport: "tcp" }])(
  "fidelity over $transport",
  ({ transport }) => {
    const stack = new AsyncDisposableStack();
    const arrivals = new Inbox<Arrival>();
    let upstream: string;

    beforeAll(async () => {
      const onMessage = (message: SipText, reply: Reply): void => arrivals.put({ message, reply });
      const server: SipSocket =
        transport === "udp"
          ? await openDatagramSocket(SERVER, undefined, onMessage)
          : await openStreamServer(SERVER, onMessage);
      stack.defer(async () => server.close());
      upstream = `sip:${SERVER.address}:${server.local.port};transport=${transport}`;
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    async function gatewayWith(trusted: readonly string[]): Promise<GatewayProcess> {
      return GatewayProcess.start({
        upstream: [upstream],
        upstream_probe: "off",
        rules: [],
        trusted,
      });
    }

    async function sendsOddly(alice: SipClient): Promise<{ sent: readonly string[] } & Arrival> {
      const branch = `z9hG4bKodd${process.hrtime.bigint()}`;
      const sent = oddRequest(transport, alice.local.port, branch);
      alice.raw(bytesOf(sent, BODY));
      const isIt = (arrival: Arrival): boolean => arrival.message.callId === `${branch}@odd`;
      return { sent, ...(await arrivals.next("the odd request at the server", isIt)) };
    }

    it("changes nothing of a trusted sender's request but what a proxy must", async () => {
      await using gateway = await gatewayWith(["127.0.0.1/32"]);
      await using alice = await SipClient.open({
        name: "alice",
        transport,
        gateway: gateway.at(transport),
      });
      const { sent, message } = await sendsOddly(alice);
      expectOnlyAllowedChanges(sent, message);
    });

    it("takes P-Asserted-Identity alone from an untrusted sender", async () => {
      await using gateway = await gatewayWith([]);
      await using alice = await SipClient.open({
        name: "alice",
        transport,
        gateway: gateway.at(transport),
      });
      const { sent, message } = await sendsOddly(alice);
      const kept = sent.filter((line) => !line.startsWith("P-Asserted-Identity"));
      expect(kept).toHaveLength(sent.length - 1);
      expectOnlyAllowedChanges(kept, message);
    });

    it("changes nothing of a response but the topmost Via", async () => {
      await using gateway = await gatewayWith(["127.0.0.1/32"]);
      await using alice = await SipClient.open({
        name: "alice",
        transport,
        gateway: gateway.at(transport),
      });
      const { message, reply } = await sendsOddly(alice);
      const copied = message.headers.map((header) => header.raw);
      const vias = copied.filter((line) => /^(v|via)\s*:/i.test(line));
      const answer = [
        "SIP/2.0 202 Sure,  why \xfc not",
        ...vias,
        ...copied.filter((line) => /^(f|i|cseq)\s*:/i.test(line)),
        `${copied.find((line) => /^t\s*:/i.test(line)) ?? ""};tag=z`,
        "ms-odd: A,  b",
        "X-Folded: one,",
        "\ttwo",
        'authentication-info: NTLM rspauth="01", srand="9"',
        "l: 0",
      ];
      reply(bytesOf(answer));
      const received = await alice.answerTo(/branch=([^;,\s]+)/.exec(vias[1] ?? "")?.[1] ?? "");
      expect(received.startLine).toBe(answer[0]);
      const wanted = wholeHeaders(answer).filter((line) => line !== vias[0]);
      expect(received.headers.map((header) => header.raw)).toEqual(wanted);
    });
  },
);
