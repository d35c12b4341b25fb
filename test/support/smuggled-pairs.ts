/**
 * Messages in which two readers could find two things (HARDENING P4): a field that stands twice, once in a form that some
 * readers overlook and others do not. Behind the harmless body lies a link to a program; a Content-Length that covers
 * it too makes it a part of the body.
 */
import type { TestTransport } from "./sip-socket.ts";

export interface SmuggledPair {
  readonly name: string;
  readonly bytes: (transport: TestTransport) => Buffer;
}

export const HARMLESS = "harmless text";
/** What the receiver must never read. */
export const HIDDEN = "http://hidden.example.net/tool.exe";
const WHOLE = `${HARMLESS}\r\n${HIDDEN}`;

/** Each with the value that an honest message has, and the compact name where there is one. */
const FIELDS: Readonly<
  Record<string, { readonly value: string; readonly compact?: string; readonly other: string }>
> = {
  "Content-Length": { value: String(HARMLESS.length), compact: "l", other: String(WHOLE.length) },
  "Content-Type": { value: "text/plain", compact: "c", other: "application/sdp" },
  From: {
    value: "<sip:mallory@example.net>;tag=m",
    compact: "f",
    other: "<sip:boss@example.test>;tag=m",
  },
  To: { value: "<sip:bob@example.test>", compact: "t", other: "<sip:eve@example.test>" },
  "Call-ID": { value: "", compact: "i", other: "somebody-elses" },
  CSeq: { value: "1 MESSAGE", other: "2 INVITE" },
  "Max-Forwards": { value: "70", other: "0" },
  "Content-Encoding": { value: "identity", compact: "e", other: "gzip" },
  "Content-Disposition": { value: "render", other: "attachment; filename=tool.exe" },
};

/** How the second one is written; `line` gets the name, the compact name (or the name) and the value. */
const FORMS: Readonly<Record<string, (name: string, short: string, value: string) => string>> = {
  "as it is": (name, _short, value) => `${name}: ${value}`,
  compact: (_name, short, value) => `${short}: ${value}`,
  "upper case": (name, _short, value) => `${name.toUpperCase()}:${value}`,
  "a blank before the colon": (name, _short, value) => `${name} : ${value}`,
  "a tab before the colon": (_name, short, value) => `${short}\t: ${value}`,
  "a value on the next line": (name, _short, value) => `${name}:\r\n ${value}`,
  "an escape in the name": (name, _short, value) => `${escaped(name)}: ${value}`,
  "a NUL before the colon": (name, _short, value) => `${name}\0: ${value}`,
  "a vertical tab before the colon": (name, _short, value) => `${name}\v: ${value}`,
  "behind a bare LF": (name, _short, value) => `X-A: 1\n${name}: ${value}`,
  "behind a bare CR": (name, _short, value) => `X-A: 1\r${name}: ${value}`,
  "behind a fold": (name, _short, value) => `X-A: 1\r\n\t\r\n${name}: ${value}`,
  "in the fold of another": (name, _short, value) => `X-A: 1\r\n ${name}: ${value}`,
};

/** Content-Lengths that are no number of bytes, or not of these. */
const LENGTHS: readonly string[] = [
  "+13",
  "-13",
  "0x0d",
  "13,13",
  "13, 49",
  "13;49",
  "13 49",
  "1 3",
  "013",
  "00000000000000000013",
  "13.0",
  "1e1",
  "13a",
  "\xb2",
  "4294967296",
  "4294967309",
  "9007199254740992",
  "9007199254741005",
  "18446744073709551629",
  "",
  " ",
  "\t13",
  "13\t",
  "'13'",
  '"13"',
  "%31%33",
  "13\0",
  "13\v",
  "thirteen",
  "NaN",
  "Infinity",
  "0",
  "12",
  "14",
  "49",
  "50",
];

/** Every pair, more than three hundred. */
export function smuggledPairs(): readonly SmuggledPair[] {
  const pairs = Object.entries(FIELDS).flatMap(([field, { value, compact, other }]) =>
    Object.entries(FORMS).flatMap(([form, write]) =>
      [value, other].flatMap((second) =>
        (["before", "behind"] as const).map((place): SmuggledPair => {
          const name = `${field}, ${form}, ${second === value ? "the same" : "another"}, ${place}`;
          return {
            name,
            bytes: (transport) =>
              message(transport, name, {
                line: write(field, compact ?? field, second),
                place,
                field,
              }),
          };
        }),
      ),
    ),
  );
  const lengths = LENGTHS.map((length): SmuggledPair => {
    const name = `Content-Length: ${JSON.stringify(length)}`;
    return { name, bytes: (transport) => message(transport, name, { length }) };
  });
  return [...pairs, ...lengths];
}

interface Oddity {
  readonly field?: string;
  readonly line?: string;
  readonly place?: "before" | "behind";
  readonly length?: string;
}

function message(transport: TestTransport, name: string, oddity: Oddity): Buffer {
  const id = `${transport}-${Buffer.from(name, "latin1").toString("hex").slice(0, 180)}`;
  const values = Object.entries(FIELDS).flatMap(([field, { value }]): [string, string][] => {
    if (field === "Call-ID") return [[field, id]];
    if (field === "Content-Length") return [[field, oddity.length ?? value]];
    // Not in an honest message unless it is what the pair is about.
    return field.startsWith("Content-") && field !== "Content-Type" && field !== oddity.field
      ? []
      : [[field, value]];
  });
  const lines = values.flatMap(([field, value]) => {
    const honest = `${field}: ${value}`;
    if (field !== oddity.field || oddity.line === undefined) return [honest];
    return oddity.place === "before" ? [oddity.line, honest] : [honest, oddity.line];
  });
  const via = `Via: SIP/2.0/${transport.toUpperCase()} stranger.example.net;branch=z9hG4bK${id.slice(0, 200)}`;
  const text = ["MESSAGE sip:bob@example.test SIP/2.0", via, ...lines, "", WHOLE].join("\r\n");
  return Buffer.from(text, "latin1");
}

/** "Content%2DLength" and "%46rom": token characters all, and the name itself for a reader that unescapes. */
function escaped(name: string): string {
  const at = Math.max(0, name.indexOf("-"));
  const code = name.charCodeAt(at).toString(16).toUpperCase().padStart(2, "0");
  return `${name.slice(0, at)}%${code}${name.slice(at + 1)}`;
}
