import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** What torture messages go over: their bytes are the same on a stream with encryption. */
export type TortureTransport = "udp" | "tcp";

/** One message of test/torture/sip, and what must become of it. */
export interface TortureFile {
  readonly name: string;
  /** The clause, and in words what is odd. */
  readonly clause: string;
  readonly expected: Readonly<Record<TortureTransport, string>>;
  readonly bytes: (transport: TortureTransport) => Buffer;
}

/** Every message of the folder, in the order of their names. */
export function readTortureFiles(dir: string): readonly TortureFile[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith(".txt"))
    .sort()
    .map((file) => parseTortureFile(basename(file, ".txt"), readFileSync(join(dir, file), "utf8")));
}

/**
 * Reads a file: a line with the clause, `udp:` and `tcp:` with the fate (fateInAWord), perhaps `why:`, four dashes, the
 * message. Its lines up to the blank one end with CRLF on the wire; the body is taken as it stands, without the file's
 * last line end. `{0D}` is that byte, also `{CR}` and `{LF}`; `{TRANSPORT}`, `{id}` and `{length}` (of the body) are
 * filled in.
 */
function parseTortureFile(name: string, text: string): TortureFile {
  const [about = "", ...rest] = text.split("\n----\n");
  const message = rest.join("\n----\n").replace(/\n$/, "");
  const [clause = "", ...fields] = about.split("\n");
  const field = (key: string): string => {
    const line = fields.find((one) => one.startsWith(`${key}: `));
    if (line === undefined) throw new Error(`${name}: no ${key}`);
    return line.slice(key.length + 2);
  };
  return {
    name,
    clause,
    expected: { udp: field("udp"), tcp: field("tcp") },
    bytes(transport) {
      const [head = "", ...bodies] = message.split("\n\n");
      const body = fill(bodies.join("\n\n"), {});
      const words = {
        TRANSPORT: transport.toUpperCase(),
        id: `${name}-${transport}`,
        length: String(body.length),
      };
      const lines = fill(head.replaceAll("\n", "{CR}{LF}"), words);
      return Buffer.from(`${lines}\r\n\r\n${body}`, "latin1");
    },
  };
}

/** A character of the result is a byte. */
function fill(text: string, words: Readonly<Record<string, string>>): string {
  const known: Readonly<Record<string, string>> = { ...words, CR: "\r", LF: "\n" };
  return text.replaceAll(/\{([A-Za-z]+|[0-9A-F]{2})\}/g, (whole, word: string) => {
    const hex = /^[0-9A-F]{2}$/.test(word);
    return known[word] ?? (hex ? String.fromCharCode(Number.parseInt(word, 16)) : whole);
  });
}
