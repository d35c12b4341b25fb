/**
 * A second reader of SIP for tests: it shares no line with src/wire, so that a test which looks at what arrived does not
 * see it through the eyes of the code under test. It is strict where a lenient reading would hide a fault (CRLF, exact
 * Content-Length) and knows nothing of values beyond splitting them.
 */
const COMPACT: ReadonlyMap<string, string> = new Map([
  ["v", "via"],
  ["f", "from"],
  ["t", "to"],
  ["i", "call-id"],
  ["m", "contact"],
  ["l", "content-length"],
  ["c", "content-type"],
  ["k", "supported"],
  ["e", "content-encoding"],
  ["s", "subject"],
]);

export interface SipTextHeader {
  /** Lower case, compact forms spelt out. */
  readonly name: string;
  /** Unfolded and trimmed; latin1, so that each character is one byte. */
  readonly value: string;
  /** The whole header as it arrived, folds included, without its final CRLF; latin1. */
  readonly raw: string;
}

/** One SIP message as it arrived. */
export class SipText {
  readonly bytes: Buffer;
  readonly startLine: string;
  readonly headers: readonly SipTextHeader[];
  readonly body: Buffer;

  constructor(bytes: Buffer) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) throw new Error(`no blank line in ${JSON.stringify(bytes.toString("latin1"))}`);
    const [startLine = "", ...lines] = bytes
      .subarray(0, end)
      .toString("latin1")
      .split(/\r\n(?![ \t])/);
    this.bytes = bytes;
    this.startLine = startLine;
    this.headers = lines.map(readHeader);
    this.body = bytes.subarray(end + 4);
  }

  get isRequest(): boolean {
    return !this.startLine.startsWith("SIP/2.0 ");
  }

  /** Method of a request; the method in CSeq of a response. */
  get method(): string {
    return this.isRequest
      ? (this.startLine.split(" ")[0] ?? "")
      : (this.header("cseq")?.split(/\s+/)[1] ?? "");
  }

  get requestUri(): string {
    return this.startLine.split(" ")[1] ?? "";
  }

  /** 0 for a request. */
  get status(): number {
    return this.isRequest ? 0 : Number(this.startLine.slice(8, 11));
  }

  get text(): string {
    return this.body.toString("utf8");
  }

  /** First value of that name (any case, long form). */
  header(name: string): string | undefined {
    return this.headers.find((header) => header.name === name.toLowerCase())?.value;
  }

  /** All values of that name, in order, comma lists left as they are. */
  all(name: string): readonly string[] {
    return this.headers
      .filter((header) => header.name === name.toLowerCase())
      .map((header) => header.value);
  }

  /** `branch` of the topmost Via, else "". */
  get branch(): string {
    return /;\s*branch=([^;,\s]+)/i.exec(this.header("via") ?? "")?.[1] ?? "";
  }

  get callId(): string {
    return this.header("call-id") ?? "";
  }
}

function readHeader(raw: string): SipTextHeader {
  const colon = raw.indexOf(":");
  if (colon < 0) throw new Error(`header without colon: ${JSON.stringify(raw)}`);
  const name = raw.slice(0, colon).trim().toLowerCase();
  const value = raw
    .slice(colon + 1)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .trim();
  return { name: COMPACT.get(name) ?? name, value, raw };
}

/** Cuts whole messages off a stream by their Content-Length; leading CRLFs (keepalives and their answers) go. */
export function cutStream(buffered: Buffer): {
  readonly messages: readonly SipText[];
  readonly rest: Buffer;
} {
  const messages: SipText[] = [];
  let rest = buffered;
  for (;;) {
    while (rest.length >= 2 && rest[0] === 0x0d && rest[1] === 0x0a) rest = rest.subarray(2);
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return { messages, rest };
    const head = new SipText(rest.subarray(0, end + 4));
    const size = end + 4 + Number(head.header("content-length") ?? "0");
    if (rest.length < size) return { messages, rest };
    messages.push(new SipText(Buffer.from(rest.subarray(0, size))));
    rest = rest.subarray(size);
  }
}

/** Writes a message from its parts; Content-Length is added. Header values go out as UTF-8. */
export function writeSip(
  startLine: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer | string = "",
): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const lines = [
    startLine,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes.length}`,
    "",
    "",
  ];
  return Buffer.concat([Buffer.from(lines.join("\r\n"), "utf8"), bytes]);
}
