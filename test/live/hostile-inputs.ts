/**
 * Messages that no honest client sends, each with what must become of it. Every one bears its name in the Call-ID, so that
 * the test can tell whether any of it reached the server.
 */
export interface HostileInput {
  readonly name: string;
  readonly bytes: Buffer;
  /** Final status that must come; "silence": none may come; "refusal": one from 400 up, or silence. */
  readonly expect: number | "silence" | "refusal";
}

interface Change {
  readonly startLine?: string;
  /** Replaces the headers of that name by these lines; an empty list removes them. */
  readonly replace?: Readonly<Record<string, readonly string[]>>;
  /** Lines added after the others. */
  readonly add?: readonly string[];
  readonly body?: string | Buffer;
  /** Content-Length as written; default: the truth. */
  readonly length?: string;
}

let serial = 0;

/** A good MESSAGE with changes; latin1, so that each character is one byte. */
export function message(name: string, transport: "UDP" | "TCP", change: Change = {}): Buffer {
  serial += 1;
  const id = `hostile-${name.replaceAll(/[^a-z0-9]+/gi, "-")}-${serial}`;
  const text = change.body ?? "hello";
  const body = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  const headers: readonly string[] = [
    `Via: SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bK${id};rport`,
    "Max-Forwards: 70",
    "From: <sip:mallory@example.test>;tag=m",
    "To: <sip:bob@example.test>",
    `Call-ID: ${id}`,
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    `Content-Length: ${change.length ?? body.length}`,
  ];
  const replaced = headers.flatMap((line) => {
    const header = line.slice(0, line.indexOf(":"));
    return change.replace?.[header] ?? [line];
  });
  const startLine = change.startLine ?? "MESSAGE sip:bob@example.test SIP/2.0";
  const head = [startLine, ...replaced, ...(change.add ?? []), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

function multipart(
  name: string,
  body: string,
  boundary = "boundary=x",
): Omit<HostileInput, "expect"> {
  const type = `Content-Type: multipart/mixed; ${boundary}`;
  return { name, bytes: message(name, "UDP", { replace: { "Content-Type": [type] }, body }) };
}

const refusedByCodec: Readonly<Record<string, Change>> = {
  "two different Content-Lengths": { add: ["Content-Length: 3"] },
  "Content-Length and its compact form disagree": { add: ["l: 2"] },
  "Content-Length larger than the datagram": { length: "4000" },
  "negative Content-Length": { length: "-1" },
  "signed Content-Length": { length: "+5" },
  "hexadecimal Content-Length": { length: "0x5" },
  "list of Content-Lengths": { length: "5, 5" },
  "Content-Length of 2 to the 53": { length: "9007199254740993" },
  "empty Content-Length": { length: "" },
  "second From": { add: ["From: <sip:eve@example.test>;tag=2"] },
  "second To in compact form": { add: ["t: <sip:eve@example.test>"] },
  "second Call-ID": { add: ["Call-ID: another"] },
  "second CSeq": { add: ["CSeq: 2 MESSAGE"] },
  "second Max-Forwards": { add: ["Max-Forwards: 69"] },
  "second Content-Type": { add: ["c: text/html"] },
  "no From": { replace: { From: [] } },
  "no To": { replace: { To: [] } },
  "no CSeq": { replace: { CSeq: [] } },
  "CSeq of another method": { replace: { CSeq: ["CSeq: 1 INVITE"] } },
  "CSeq without number": { replace: { CSeq: ["CSeq: MESSAGE"] } },
  "CSeq beyond 32 bits": { replace: { CSeq: ["CSeq: 4294967296 MESSAGE"] } },
  "Max-Forwards not a number": { replace: { "Max-Forwards": ["Max-Forwards: many"] } },
  "blank before the colon of Content-Length": { add: ["Content-Length : 2"] },
  "header line without colon": { add: ["this is no header"] },
  "NUL in a header": { add: ["X-Zero: a\0b"] },
  "NUL in From": { replace: { From: ["From: <sip:mal\0lory@example.test>;tag=m"] } },
  "bare LF hides a header": { add: ["X-A: 1\nContent-Length: 2"] },
  "bare CR in a header": { add: ["X-A: 1\rX-B: 2"] },
  "fold before the first header": { startLine: "MESSAGE sip:bob@example.test SIP/2.0\r\n folded" },
  "blank in the Request-URI": { startLine: "MESSAGE sip:bob @example.test SIP/2.0" },
  "brackets round the Request-URI": { startLine: "MESSAGE <sip:bob@example.test> SIP/2.0" },
  "SIP version of the future": { startLine: "MESSAGE sip:bob@example.test SIP/7.0" },
  "no version": { startLine: "MESSAGE sip:bob@example.test" },
  "lower-case version of nothing": { startLine: "MESSAGE sip:bob@example.test HTTP/1.1" },
  "unterminated quote in From": { replace: { From: ['From: "Mall <sip:m@example.test>;tag=m'] } },
  "unterminated bracket in To": { replace: { To: ["To: <sip:bob@example.test"] } },
  "two hundred and fifty headers": { add: Array.from({ length: 250 }, (_, i) => `X-${i}: y`) },
};

const refusedByInspection: Readonly<Record<string, Change>> = {
  "unknown charset": {
    replace: { "Content-Type": ["Content-Type: text/plain; charset=x-ebcdic-odd"] },
  },
  "two charsets": {
    replace: { "Content-Type": ["Content-Type: text/plain; charset=utf-8; charset=utf-7"] },
  },
  "invalid UTF-8": {
    replace: { "Content-Type": ["Content-Type: text/plain; charset=utf-8"] },
    body: "http://exa\xffmple.net/a.exe",
  },
  "compressed body": { add: ["Content-Encoding: gzip"], body: "\x1f\x8b\x08\0\0\0\0\0" },
  "unknown content encoding": { add: ["Content-Encoding: x-secret"] },
  "transfer encoding at the top": {
    add: ["Content-Transfer-Encoding: base64"],
    body: "aHR0cDovL2V4YW1wbGUubmV0L2EuZXhl",
  },
  "encrypted body": {
    replace: {
      "Content-Type": ["Content-Type: application/pkcs7-mime; smime-type=enveloped-data"],
    },
  },
  "program as a body": {
    replace: {
      "Content-Type": ["Content-Type: application/octet-stream"],
    },
    add: ['Content-Disposition: attachment; filename="tool.exe"'],
    body: "MZ\x90\0",
  },
};

function datagramsOf(
  changes: Readonly<Record<string, Change>>,
  statusOf: (name: string) => number,
): readonly HostileInput[] {
  return Object.entries(changes).map(([name, change]): HostileInput => ({
    name,
    bytes: message(name, "UDP", change),
    expect: statusOf(name),
  }));
}

/** 415 says that another encoding would do; 403 that nobody may see what is in it. */
function inspectionStatus(name: string): number {
  if (name === "encrypted body" || name === "program as a body") return 403;
  return /unknown|compressed/.test(name) ? 415 : 400;
}

/** Datagrams. */
export function hostileDatagrams(): readonly HostileInput[] {
  const byCodec = datagramsOf(refusedByCodec, (name) => (name.includes("future") ? 505 : 400));
  const byInspection = datagramsOf(refusedByInspection, inspectionStatus);
  const parts: readonly Omit<HostileInput, "expect">[] = [
    multipart("multipart without boundary", "--x\r\n\r\na\r\n--x--\r\n", "charset=utf-8"),
    multipart(
      "multipart with two boundaries",
      "--x\r\n\r\na\r\n--x--\r\n",
      "boundary=x; boundary=y",
    ),
    multipart("multipart never closed", "--x\r\nContent-Type: text/plain\r\n\r\na"),
    multipart("multipart with no part", "nothing here"),
    multipart(
      "part with two transfer encodings",
      "--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\nYQ==\r\n--x--\r\n",
    ),
    multipart(
      "base64 with junk",
      "--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ=*=!\r\n--x--\r\n",
    ),
    multipart(
      "program in a part",
      "--x\r\nContent-Type: application/octet-stream; name=a.exe\r\n\r\nMZ\r\n--x--\r\n",
    ),
    multipart("multipart nested too deep", nested(14), "boundary=b0"),
  ];
  const noise: readonly HostileInput[] = [
    { name: "one NUL", bytes: Buffer.alloc(1), expect: "silence" },
    { name: "zeros", bytes: Buffer.alloc(1200), expect: "silence" },
    { name: "only line ends", bytes: Buffer.from("\r\n\r\n\r\n"), expect: "silence" },
    {
      name: "STUN",
      bytes: Buffer.from("000100002112a442aabbccddeeff00112233", "hex"),
      expect: "silence",
    },
    { name: "HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), expect: "silence" },
    { name: "response to nothing", bytes: strayResponse(), expect: "silence" },
    {
      name: "start line only",
      bytes: Buffer.from("MESSAGE sip:b@c SIP/2.0\r\n"),
      expect: "silence",
    },
    { name: "0xff", bytes: Buffer.alloc(600, 0xff), expect: "silence" },
    {
      name: "no Via at all",
      bytes: message("no Via at all", "UDP", { replace: { Via: [] } }),
      expect: "silence",
    },
  ];
  const hops: readonly HostileInput[] = [
    {
      name: "Max-Forwards used up",
      bytes: message("hops", "UDP", { replace: { "Max-Forwards": ["Max-Forwards: 0"] } }),
      expect: 483,
    },
    {
      name: "extension that a proxy must know",
      bytes: message("require", "UDP", { add: ["Proxy-Require: nothing-we-know"] }),
      expect: 420,
    },
    {
      name: "scheme that nobody knows",
      bytes: message("scheme", "UDP", { startLine: "MESSAGE nobodyknows:bob SIP/2.0" }),
      expect: 416,
    },
  ];
  const bodies = parts.map((part): HostileInput => ({
    ...part,
    expect: part.name === "program in a part" ? 403 : 400,
  }));
  return [...byCodec, ...byInspection, ...bodies, ...noise, ...hops];
}

/** What a stream may carry; the connection may be closed on any of them. */
export function hostileStreams(): readonly HostileInput[] {
  const refused: Readonly<Record<string, Change>> = {
    "stream: no Content-Length": { replace: { "Content-Length": [] } },
    "stream: two Content-Lengths": { add: ["Content-Length: 3"] },
    "stream: four gigabytes announced": { length: "4000000000" },
    "stream: negative length": { length: "-5" },
    "stream: bare LF hides a length": { add: ["X-A: 1\nContent-Length: 1"] },
    "stream: NUL in the name of a header": { add: ["Content\0-Length: 1"] },
  };
  const endless = `MESSAGE sip:bob@example.test SIP/2.0\r\nX-Long: ${"a".repeat(80_000)}`;
  return [
    ...Object.entries(refused).map(([name, change]): HostileInput => ({
      name,
      bytes: message(name, "TCP", change),
      expect: name.includes("gigabytes") ? 413 : 400,
    })),
    { name: "stream: endless header", bytes: Buffer.from(endless), expect: "refusal" },
    {
      name: "stream: TLS hello",
      bytes: Buffer.from("16030100c8010000c40303", "hex"),
      expect: "refusal",
    },
    { name: "stream: zeros", bytes: Buffer.alloc(4096), expect: "refusal" },
    {
      name: "stream: HTTP",
      bytes: Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      expect: "refusal",
    },
  ];
}

function strayResponse(): Buffer {
  const lines = [
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKnobody",
    "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKnobody2",
    "From: <sip:a@example.test>;tag=1",
    "To: <sip:b@example.test>;tag=2",
    "Call-ID: hostile-stray",
    "CSeq: 1 MESSAGE",
    "Content-Length: 0",
    "",
    "",
  ];
  return Buffer.from(lines.join("\r\n"));
}

function nested(depth: number): string {
  let body = "http://deep.example.net/a.exe";
  for (let level = depth; level >= 0; level -= 1) {
    const type = level === depth ? "text/plain" : `multipart/mixed; boundary=b${level + 1}`;
    body = `--b${level}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n--b${level}--\r\n`;
  }
  return body;
}
