/**
 * One line `a=accept-types:` or `a=accept-wrapped-types:` (RFC 4975 §8.6): what a peer takes as the content of a message, or inside of
 * a container. Names of attributes are read in any case, and with blanks around them, since some client may do so.
 * Offsets count in the bytes that the SDP stands in.
 */
export interface AcceptTypes {
  /** From the `a` to behind the end of the line. */
  readonly lineStart: number;
  readonly lineEnd: number;
  /** What stands behind the colon, without the end of the line. */
  readonly listStart: number;
  readonly listEnd: number;
  /** As sent (latin1), in order; an entry may have parameters. */
  readonly entries: readonly string[];
  /** The media types of the entries: lower case, without parameters. */
  readonly types: readonly string[];
}

const ACCEPT_TYPES = /^a=[ \t]*accept-(?:wrapped-)?types[ \t]*:/i;

/**
 * Reads an attribute line; undefined: it is another one.
 * @param line Latin1, without its end.
 * @param start Where it begins; `next`: where the next one does.
 */
export function readAcceptTypes(
  line: string,
  start: number,
  next: number,
): AcceptTypes | undefined {
  const name = ACCEPT_TYPES.exec(line)?.[0];
  if (name === undefined) return undefined;
  const entries = line
    .slice(name.length)
    .split(/[ \t]+/)
    .filter((entry) => entry !== "");
  return {
    lineStart: start,
    lineEnd: next,
    listStart: start + name.length,
    listEnd: start + line.length,
    entries,
    types: entries.map((entry) => entry.split(";", 1)[0]?.toLowerCase() ?? ""),
  };
}
