/** The alternative names of a certificate's subject (RFC 5280 §4.2.1.6), in lower case. */
export interface AltNames {
  /** dNSName, wildcards as written. */
  readonly dns: readonly string[];
  /** uniformResourceIdentifier. */
  readonly uri: readonly string[];
  /** iPAddress, as text. */
  readonly ip: readonly string[];
}

/** One name: its kind, and its value, which Node quotes when it holds a comma or a quote. */
const NAME = /([^:",]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy;

/**
 * Reads the text that Node makes of them (`subjectAltName`, `subjaltname`). From the first value on that cannot be
 * read nothing is believed: a name must not be able to hide another one in it.
 *
 * @example readAltNames("DNS:a.example, IP Address:192.0.2.1").dns // ["a.example"]
 */
export function readAltNames(text: string | undefined): AltNames {
  const names = { dns: [] as string[], uri: [] as string[], ip: [] as string[] };
  const kinds = new Map([
    ["DNS", names.dns],
    ["URI", names.uri],
    ["IP Address", names.ip],
  ]);
  for (const [, kind = "", value = ""] of (text ?? "").matchAll(NAME)) {
    // What has to be quoted is no name of a host.
    if (!value.startsWith('"')) kinds.get(kind)?.push(value.toLowerCase());
  }
  return names;
}
