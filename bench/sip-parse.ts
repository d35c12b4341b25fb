/**
 * What reading one SIP message costs, in microseconds: `npx node bench/sip-parse.ts`.
 * All readers work on the same messages in one run, in interleaved rounds; the median round counts, so that a busy
 * moment of the machine falls on all of them. The floor is the search for the blank line alone.
 */
import { createRequire } from "node:module";
import { Parser } from "sip.js/lib/core/messages/parser.js";
import { HeaderId } from "../src/wire/sip/header-names.ts";
import { createSipFramer } from "../src/wire/sip/framer.ts";
import { parseDatagram, type SipLimits } from "../src/wire/sip/parse-message.ts";
import { topmostVia } from "../src/wire/sip/via.ts";

const LIMITS: SipLimits = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };
const ROUNDS = 61;
/** How long one reader works on one message in one round, milliseconds. */
const ROUND_MS = 5;

const sip: unknown = createRequire(import.meta.url)("sip");
const parseWithSip = (text: string): unknown =>
  (sip as { parse(text: string): unknown }).parse(text);
const silent = { error() {}, warn() {}, log() {}, debug() {} };

function sdp(lines: readonly string[]): string {
  return `v=0\r\no=- 2890844526 2890844526 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n${lines.join("\r\n")}\r\n`;
}

function message(head: readonly string[], body: string): Buffer {
  const bytes = Buffer.from(body, "utf8");
  return Buffer.concat([
    Buffer.from(`${head.join("\r\n")}\r\nContent-Length: ${bytes.length}\r\n\r\n`, "utf8"),
    bytes,
  ]);
}

const SHORT = message(
  [
    "MESSAGE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bK4fd0a9c81b2e",
    "Max-Forwards: 70",
    "From: <sip:alice@example.com>;tag=8c1f2b7a90",
    "To: <sip:bob@example.com>",
    "Call-ID: 7d4a3c5e1f0b@192.0.2.10",
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain;charset=UTF-8",
  ],
  "Lunch at one? The menu is at http://menu.example.org/today.html - they have the soup again, and I keep you a chair.",
);

const CALL = message(
  [
    "INVITE sip:bob@example.com;transport=tcp SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.10:49152;rport;branch=z9hG4bK-524287-1---9f3c2a5d7e1b0846",
    "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa81c.7f2e1d91.0;received=198.51.100.7",
    "Max-Forwards: 69",
    "Record-Route: <sip:198.51.100.7;lr;ftag=5e8d1c42>",
    'Contact: "Alice" <sip:alice@192.0.2.10:49152;transport=tcp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"',
    "To: <sip:bob@example.com>",
    'From: "Alice Example" <sip:alice@example.com>;tag=5e8d1c42',
    "Call-ID: 98543MzRmZTk1ZjRkMmQ3YzUxNjhiYjQ1ZmY0YzU1YjI",
    "CSeq: 2 INVITE",
    "Allow: INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK",
    "Supported: replaces, norefersub, extended-refer, timer, outbound, path",
    "Session-Expires: 1800;refresher=uac",
    "User-Agent: Example Phone 5.1",
    "Content-Type: application/sdp",
  ],
  sdp([
    "m=audio 49170 RTP/AVP 0 8 96 101",
    "a=rtpmap:96 opus/48000/2",
    "a=fmtp:96 useinbandfec=1",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=sendrecv",
    "m=video 49172 RTP/AVP 97",
    "a=rtpmap:97 H264/90000",
    "a=fmtp:97 profile-level-id=42e01f;packetization-mode=1",
    "a=rtcp-fb:* nack pli",
    "a=rtcp-fb:* ccm fir",
    "a=sendrecv",
  ]),
);

const DIALECT = message(
  [
    "INVITE sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/TLS 192.0.2.10:49154",
    "Max-Forwards: 70",
    'From: "Alice Example" <sip:alice@example.com>;tag=aa11bb22cc;epid=0a0b0c0d0e',
    'To: "Bob Example" <sip:bob@example.com>;epid=1a1b1c1d1e',
    "Call-ID: 5b1d0c9e8f7a6b5c4d3e2f1a0b9c8d7e",
    "CSeq: 1 INVITE",
    "Contact: <sip:alice@example.com;opaque=user:epid:AbCdEfGhIjKlMnOpQrStUvAA;gruu>",
    "User-Agent: UCCP/2.0.6362.0 OC/2.0.6362.0",
    "Supported: ms-dialog-route-set-update, ms-sender, timer, histinfo, ms-safe-transfer",
    "Ms-Conversation-ID: AcrD2f0EJxkuF0QTRDWpPm0wmW0kzA==",
    "Roster-Manager: sip:alice@example.com",
    "EndPoints: <sip:alice@example.com>, <sip:bob@example.com>",
    "ms-keep-alive: UAC;hop-hop=yes",
    "P-Preferred-Identity: <sip:alice@example.com>",
    `Proxy-Authorization: NTLM qop="auth", realm="SIP Communications Service", targetname="server.example.com", opaque="7D2A1B3C", crand="a1b2c3d4", cnum="12", response="${"0123456789abcdef".repeat(2)}", gssapi-data="${"QUJDREVGR0g".repeat(60)}"`,
    `Route: <sip:pool.example.com:5061;transport=tls;ms-role-rs-to;ms-role-rs-from;lr;ms-route-sig=${"aBcDeFgHiJkL".repeat(9)}>`,
    `ms-text-format: text/plain; charset=UTF-8;msgr=${"WAAtAE0ATQBTAC0A".repeat(14)};ms-body=${"c2VlIHRoZSBtZW51".repeat(60)}`,
    "Content-Type: application/sdp",
  ],
  sdp([
    "m=message 5060 sip sip:alice@example.com",
    "a=accept-types:text/plain text/html image/gif multipart/alternative application/im-iscomposing+xml application/ms-imdn+xml text/x-msmsgsinvite",
    ...Array.from(
      { length: 6 },
      (_, i) => `a=candidate:${i} 1 TCP-PASS 2120613887 192.0.2.10 5000${i} typ host`,
    ),
  ]),
);

/** Everything is counted in here, so that no reading can be optimised away. */
let sink = 0;

const READERS: ReadonlyArray<readonly [string, (bytes: Buffer) => void]> = [
  [
    "indexOf(CRLF CRLF), the floor",
    (bytes) => {
      sink += bytes.indexOf("\r\n\r\n");
    },
  ],
  [
    "ours: parse and validate",
    (bytes) => {
      const result = parseDatagram(bytes, LIMITS);
      if (result.ok) sink += result.value.headerCount;
    },
  ],
  [
    "ours, as a stream",
    (bytes) => {
      sink += framer.push(bytes).length;
    },
  ],
  [
    "ours + Call-ID, CSeq, branch, From, To",
    (bytes) => {
      const result = parseDatagram(bytes, LIMITS);
      if (!result.ok) return;
      const { value } = result;
      sink += value.callId.length + value.cseq.number + (topmostVia(value).branch ?? "").length;
      sink += (value.value(HeaderId.From) ?? "").length + (value.value(HeaderId.To) ?? "").length;
    },
  ],
  [
    "npm sip 0.0.6",
    (bytes) => {
      if (parseWithSip(bytes.toString("latin1")) !== undefined) sink++;
    },
  ],
  [
    "sip.js 0.21.2",
    (bytes) => {
      if (Parser.parseMessage(bytes.toString("utf8"), silent as never) !== undefined) sink++;
    },
  ],
];

const framer = createSipFramer(LIMITS);

/** Microseconds a call, over about `ms` milliseconds. */
function measure(read: (bytes: Buffer) => void, bytes: Buffer, ms: number): number {
  for (let i = 0; i < 20; i++) read(bytes);
  let calls = 0;
  const began = process.hrtime.bigint();
  const until = began + BigInt(ms * 1_000_000);
  let now = began;
  while (now < until) {
    const batch = calls === 0 ? 1 : Math.min(calls, 2_000);
    for (let i = 0; i < batch; i++) read(bytes);
    calls += batch;
    now = process.hrtime.bigint();
  }
  return Number(now - began) / 1_000 / calls;
}

/** The value below which the given share of the samples lies: 0.5 is the median, 0 the best round. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

const messages: ReadonlyArray<readonly [string, Buffer]> = [
  [`MESSAGE ${SHORT.length} B`, SHORT],
  [`INVITE+SDP ${CALL.length} B`, CALL],
  [`LCS INVITE ${DIALECT.length} B`, DIALECT],
];
for (const [name, bytes] of messages) {
  const result = parseDatagram(bytes, LIMITS);
  if (!result.ok) throw new Error(`${name}: ${result.problem.code}`);
  for (const [, read] of READERS) measure(read, bytes, 150);
}
const samples = READERS.map(() => messages.map((): number[] => []));
for (let round = 0; round < ROUNDS; round++) {
  for (const [m, [, bytes]] of messages.entries()) {
    for (const [r, [, read]] of READERS.entries()) {
      samples[r]?.[m]?.push(measure(read, bytes, ROUND_MS));
    }
  }
}

function print(title: string, share: number): void {
  const table = samples.map((row) => row.map((values) => quantile(values, share)));
  console.log(`\n${title.padEnd(40)}${messages.map(([name]) => name.padStart(22)).join("")}`);
  for (const [r, [name]] of READERS.entries()) {
    const cells = messages.map((_, m) => {
      const value = table[r]?.[m] ?? Number.NaN;
      const ratio = value / (table[1]?.[m] ?? Number.NaN);
      const times = ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
      return `${value.toFixed(2)} (${times}x)`.padStart(22);
    });
    console.log(name.padEnd(40) + cells.join(""));
  }
}

console.log(`Node ${process.version}, ${ROUNDS} rounds; µs a message (times of "ours: parse")`);
print("median round", 0.5);
print("best round (for a busy machine)", 0);
if (sink === 0) throw new Error("nothing was read");
