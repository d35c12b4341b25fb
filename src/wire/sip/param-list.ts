import { TOKEN, skipSpace } from "./char-classes.ts";

/** What may not stand in an unquoted parameter value: controls, blank, and " , ; < > (a list or parameter ends there). */
const ENDS_VALUE: Uint8Array = new Uint8Array(256).fill(1, 0, 33);
for (const byte of [34, 44, 59, 60, 62, 127]) ENDS_VALUE[byte] = 1;

/** More parameters than this in one value are refused: repeats are looked for among all of them. */
const MAX_PARAMS = 64;

/**
 * Walks `;name=value;name` (RFC 3261 §25.1 generic-param) by offset, blanks and folds allowed around the marks.
 * A name that stands twice breaks the list: of two readers one would take the first, the other the last.
 * A quoted value's range includes its quotes. Instances are reused.
 */
export class ParamCursor {
  nameStart = 0;
  nameEnd = 0;
  /** -1: the parameter has no "=". */
  valueStart = -1;
  valueEnd = -1;
  /** Where reading stopped; after the last parameter the next byte that is no blank. */
  at = 0;
  private bytes: Uint8Array = Buffer.alloc(0);
  private end = 0;
  private count = 0;
  /** Start and length of the names so far. */
  private readonly names: Int32Array = new Int32Array(MAX_PARAMS * 2);

  /** Begins before the first ";" (blanks may stand there). */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.count = 0;
  }

  /** 1: a parameter was read; 0: none follows (look at `at` for what does); -1: broken. */
  next(): 1 | 0 | -1 {
    const { bytes, end } = this;
    let p = this.at;
    if (p < end && bytes[p] !== 59) p = skipSpace(bytes, p, end);
    this.at = p;
    if (p >= end || bytes[p] !== 59) return 0;
    p = skipSpace(bytes, p + 1, end);
    this.nameStart = p;
    while (p < end && TOKEN[bytes[p] as number] === 1) p++;
    this.nameEnd = p;
    this.valueStart = -1;
    this.valueEnd = -1;
    if (p === this.nameStart || this.isRepeated()) return -1;
    if (p < end && bytes[p] !== 59) p = skipSpace(bytes, p, end);
    this.at = p;
    return p < end && bytes[p] === 61 ? this.readValue(p + 1) : 1;
  }

  /** The current name is this one (given in lower case). */
  isNamed(lowerCaseName: string): boolean {
    const length = this.nameEnd - this.nameStart;
    if (length !== lowerCaseName.length) return false;
    for (let i = 0; i < length; i++) {
      if (((this.bytes[this.nameStart + i] as number) | 32) !== lowerCaseName.charCodeAt(i)) {
        return false;
      }
    }
    return true;
  }

  private isRepeated(): boolean {
    const { bytes, names, count, nameStart } = this;
    const length = this.nameEnd - nameStart;
    if (count === MAX_PARAMS) return true;
    for (let n = 0; n < count; n++) {
      if (names[n * 2 + 1] !== length) continue;
      const other = names[n * 2] as number;
      let i = 0;
      // `| 32` folds case and maps no two other token bytes onto each other.
      while (
        i < length &&
        ((bytes[other + i] as number) | 32) === ((bytes[nameStart + i] as number) | 32)
      )
        i++;
      if (i === length) return true;
    }
    names[count * 2] = nameStart;
    names[count * 2 + 1] = length;
    this.count = count + 1;
    return false;
  }

  private readValue(from: number): 1 | -1 {
    const { bytes, end } = this;
    let p = skipSpace(bytes, from, end);
    this.valueStart = p;
    if (p < end && bytes[p] === 34) {
      p = endOfQuoted(bytes, p, end);
      if (p < 0) return -1;
    } else {
      while (p < end && ENDS_VALUE[bytes[p] as number] === 0) p++;
    }
    this.valueEnd = p;
    this.at = p;
    return 1;
  }
}

/** The offset after the quoted string that begins at `start`, or -1 when it does not end. */
export function endOfQuoted(bytes: Uint8Array, start: number, end: number): number {
  for (let p = start + 1; p < end; p++) {
    if (bytes[p] === 92) p++;
    else if (bytes[p] === 34) return p + 1;
  }
  return -1;
}

/** Takes the quotes and quoted pairs off a quoted string; other text comes back as it is. */
export function unquote(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  const inner = text.slice(1, -1);
  return inner.includes("\\") ? withoutPairs(inner) : inner;
}

function withoutPairs(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, "$1");
}

/**
 * Reads all parameters from `start` to `end` into a map: names in lower case, values unquoted, "" for a bare name.
 * Undefined when one is broken, stands twice, or when something else follows.
 */
export function readParams(
  bytes: Buffer,
  start: number,
  end: number,
): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>();
  const cursor = new ParamCursor();
  cursor.begin(bytes, start, end);
  for (;;) {
    const step = cursor.next();
    if (step < 0) return undefined;
    if (step === 0) return cursor.at === end ? params : undefined;
    const name = bytes.toString("latin1", cursor.nameStart, cursor.nameEnd).toLowerCase();
    const value =
      cursor.valueStart < 0 ? "" : bytes.toString("utf8", cursor.valueStart, cursor.valueEnd);
    params.set(name, unquote(value));
  }
}
