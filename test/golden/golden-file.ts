/**
 * One golden file: rules, what comes, and what has to come of it, with lines of dashes in between.
 *
 *     rules of this file, YAML (comments that begin with "# with:" name shared rule files, read before)
 *     ---------- given
 *     keys of an inline test's `given` (optional when there is a message)
 *     ---------- message
 *     a SIP message; what it needs and does not say is filled in (optional)
 *     ---------- expected
 *     what comes of it; written by the test itself with GOLDEN=write
 */
export interface GoldenFile {
  readonly rules: string;
  readonly given: string | undefined;
  readonly message: string | undefined;
  readonly expected: string;
}

const DIVIDER = /^-{10} (given|message|expected)$/;

/** Reads the sections of a golden file. Throws with what is wrong in it. */
export function readGolden(text: string): GoldenFile {
  const sections = new Map<string, string[]>([["rules", []]]);
  let lines = sections.get("rules");
  for (const line of text.split("\n")) {
    const name = DIVIDER.exec(line)?.[1];
    if (name === undefined) lines?.push(line);
    else {
      if (sections.has(name)) throw new Error(`two sections ${name}`);
      lines = [];
      sections.set(name, lines);
    }
  }
  const section = (name: string): string | undefined => sections.get(name)?.join("\n");
  const given = section("given");
  const message = section("message");
  if (given === undefined && message === undefined) throw new Error("neither given nor message");
  const expected = section("expected") ?? "";
  return { rules: section("rules") ?? "", given, message, expected };
}

/** The same file with another expectation. */
export function withExpected(text: string, expected: string): string {
  const end = text.search(/^-{10} expected$/m);
  const head = end < 0 ? `${text.trimEnd()}\n` : text.slice(0, end);
  return `${head}---------- expected\n${expected}`;
}

/** Names of the shared rule files that come before the rules. */
export function sharedFiles({ rules }: GoldenFile): readonly string[] {
  return [...rules.matchAll(/^# with: (\S+)$/gm)].map((match) => match[1] ?? "");
}

/** The request as it came, with everything that a request must have and the golden file leaves out. */
export function messageBytes(message: string): Buffer {
  const lines = message.replace(/\n$/, "").split("\n");
  const blank = lines.indexOf("");
  const head = blank < 0 ? lines : lines.slice(0, blank);
  const body = blank < 0 ? "" : lines.slice(blank + 1).join("\n");
  const isMessage = head[0]?.includes(" SIP/2.0") === true;
  const start = isMessage ? (head[0] ?? "") : "MESSAGE sip:bob@corp.example SIP/2.0";
  const fields = isMessage ? head.slice(1) : [];
  const text = isMessage ? body : message.replace(/\n$/, "");
  const hasLines = fields.some((field) => HAS_LINES.test(field));
  const content = Buffer.from(hasLines ? text.replaceAll("\n", "\r\n") : text, "utf8");
  const method = start.split(" ")[0] ?? "";
  const missing = [
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKgolden",
    "Max-Forwards: 70",
    "From: <sip:alice@corp.example>;tag=a",
    `To: <${start.split(" ")[1] ?? ""}>`,
    "Call-ID: golden@192.0.2.1",
    `CSeq: 1 ${method}`,
    "Content-Type: text/plain;charset=utf-8",
  ].filter((line) => !fields.some((field) => nameOf(field) === nameOf(line)));
  const all = [start, ...missing, ...fields, `Content-Length: ${content.length}`, "", ""];
  return Buffer.concat([Buffer.from(all.join("\r\n"), "utf8"), content]);
}

/** Bodies whose lines end in CRLF. */
const HAS_LINES = /^content-type: *(?:multipart|message|application\/sdp|text\/x-msmsgsinvite)/i;

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(":")).trim().toLowerCase();
}
