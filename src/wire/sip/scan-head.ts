import { TOKEN } from "./char-classes.ts";
import { spellsKnownName } from "./escaped-name.ts";
import { HeaderId, headerIdOf } from "./header-names.ts";
import type { SipProblemCode } from "./problem.ts";

/** Numbers that the table keeps for one header field: line start, value start, value end, packed (see below). */
export const STRIDE = 4;
/** Packed: the field's HeaderId in the low 8 bits, then these flags, then the length of its name. */
export const FOLDED = 0x100;
export const BLANK_BEFORE_COLON = 0x200;
export const NAME_LENGTH_SHIFT = 10;

/** A line is looked through byte by byte for this long, then by native search. */
const LOOP_BYTES = 128;

/** Fields that may stand once (RFC 3261 §7.3.1, and what the filter itself reads): a second one is refused. */
const SINGLE: number = [
  HeaderId.From,
  HeaderId.To,
  HeaderId.CallId,
  HeaderId.CSeq,
  HeaderId.MaxForwards,
  HeaderId.ContentLength,
  HeaderId.ContentType,
  HeaderId.ContentEncoding,
  HeaderId.ContentDisposition,
  HeaderId.MsTextFormat,
].reduce<number>((mask, id) => mask | (1 << id), 0);

/** Display names stand in these; RFC 3261 §25.1 lets a quoted pair in them hold any byte but CR and LF. */
const MAY_QUOTE_NUL: number = (1 << HeaderId.From) | (1 << HeaderId.To) | (1 << HeaderId.Contact);

/**
 * The one pass over a message's head: start line, header table by offset, end of the head. Lines are found leniently (a
 * bare LF ends one too) so that something can be answered; whatever is not exactly as RFC 3261 §7 says is remembered
 * in `fault`, and a message with a fault is never forwarded. So where there is no fault there is one reading only.
 *
 * One instance is reused for all messages: nothing here survives the next `scan` but what the caller has copied.
 */
export class HeadScan {
  /** `STRIDE` numbers a field, relative to the message's start; after the last field one more, the blank line's start. */
  readonly table: number[] = Array.from({ length: 64 * STRIDE + 1 }, () => 0);
  /** Fields in the table. */
  count = 0;
  /** End of the first line, without its line end. Relative. */
  startLineEnd = 0;
  /** First byte after the blank line (of an incomplete head: after the last whole line). Relative. */
  bodyStart = 0;
  /** The blank line was found. */
  complete = false;
  /** The first thing that is wrong with the head's lines. */
  fault: SipProblemCode | undefined = undefined;
  /** There are more fields than `maxHeaders`; of those above it only Content-Length is in the table. */
  tooMany = false;
  /** The first field that stands twice and must not; 0: none. */
  duplicate: HeaderId = HeaderId.Other;
  /** Some field has blanks before its colon or a folded value. */
  irregular = false;
  /** Bit n: a field with HeaderId n (< 31) is there; `first[n]` is then the index of the first. */
  seen = 0;
  readonly first: Int32Array = new Int32Array(32);

  private bytes: Buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private maxHeaders = 0;
  private next = 0;
  private damaged = false;
  /** The line before was a field or went on with one. */
  private mayContinue = false;
  private currentId = 0;
  private currentValue = 0;
  /** No NUL lies between where the last native search for one began and here. */
  private nextNul = -1;

  /** Reads the head of the message that begins at `start`, looking no further than `end`. */
  scan(bytes: Buffer, start: number, end: number, maxHeaders: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.maxHeaders = maxHeaders;
    this.count = 0;
    this.seen = 0;
    this.complete = false;
    this.fault = undefined;
    this.tooMany = false;
    this.duplicate = HeaderId.Other;
    this.irregular = false;
    this.currentId = 0;
    this.nextNul = -1;
    this.mayContinue = false;
    this.startLineEnd = this.lineEnd(start) - start;
    let p = this.next;
    let whole = p < 0 ? start : p;
    while (p >= 0 && p < end) {
      const byte = bytes[p] as number;
      if (byte === 13 || byte === 10) {
        const after = this.blankLine(p, byte);
        if (this.complete) whole = after;
        p = this.complete ? -1 : after;
      } else {
        p = byte === 32 || byte === 9 ? this.continuation(p) : this.field(p);
      }
      if (p > 0) whole = p;
    }
    this.bodyStart = whole - start;
    if (!this.complete) this.table[this.count * STRIDE] = whole - start;
  }

  /** A line that begins with CR or LF: the end of the head, or a bare CR. Returns where to go on, -1: not all there. */
  private blankLine(p: number, byte: number): number {
    if (byte === 13 && p + 1 >= this.end) return -1;
    if (byte === 13 && this.bytes[p + 1] !== 10) {
      this.blame("bare-line-break");
      this.mayContinue = false;
      this.lineEnd(p + 1);
      return this.next;
    }
    if (byte === 10) this.blame("bare-line-break");
    this.complete = true;
    this.table[this.count * STRIDE] = p - this.start;
    return byte === 13 ? p + 2 : p + 1;
  }

  /** Reads "name: value" up to its line end and enters it. Returns the next line's start, -1: not all there. */
  private field(lineStart: number): number {
    const { bytes, end } = this;
    let p = lineStart;
    while (p < end && TOKEN[bytes[p] as number] === 1) p++;
    const nameEnd = p;
    let packed = (nameEnd - lineStart) << NAME_LENGTH_SHIFT;
    if (p < end && bytes[p] !== 58) {
      while (p < end && (bytes[p] === 32 || bytes[p] === 9)) p++;
      packed |= BLANK_BEFORE_COLON;
    }
    if (p >= end) return -1;
    if (bytes[p] !== 58 || nameEnd === lineStart) return this.notAField(p);
    p++;
    while (p < end && (bytes[p] === 32 || bytes[p] === 9)) p++;
    const id = this.idOf(lineStart, nameEnd);
    this.damaged = false;
    this.currentId = id;
    this.currentValue = p;
    let valueEnd = this.lineEnd(p);
    if (this.next < 0) return -1;
    while (valueEnd > p && (bytes[valueEnd - 1] === 32 || bytes[valueEnd - 1] === 9)) valueEnd--;
    if ((packed & BLANK_BEFORE_COLON) !== 0) this.irregular = true;
    // A damaged value is not offered to anybody, under no name.
    if (this.damaged) this.enter(lineStart, p, p, packed | HeaderId.Other);
    else this.enter(lineStart, p, valueEnd, packed | id);
    return this.next;
  }

  private idOf(nameStart: number, nameEnd: number): HeaderId {
    const id = headerIdOf(this.bytes, nameStart, nameEnd);
    if (id === HeaderId.Other && spellsKnownName(this.bytes, nameStart, nameEnd)) {
      this.blame("bad-header-line");
    }
    return id;
  }

  private enter(lineStart: number, valueStart: number, valueEnd: number, packed: number): void {
    const { table, start, count } = this;
    if (count >= this.maxHeaders) {
      this.tooMany = true;
      this.mayContinue = false;
      // Where the next message begins is to be known all the same.
      if (!this.isFirstLength(packed & 0xff)) return;
    }
    const at = count * STRIDE;
    table[at] = lineStart - start;
    table[at + 1] = valueStart - start;
    table[at + 2] = valueEnd - start;
    table[at + 3] = packed;
    // Keeps the array without holes when it grows by the sentinel of the next field.
    if (table.length === at + STRIDE) table.push(0);
    this.count = count + 1;
    this.mayContinue = true;
    const id = packed & 0xff;
    if (id === 0 || id > 30) return;
    const bit = 1 << id;
    if ((this.seen & bit) === 0) {
      this.seen |= bit;
      this.first[id] = count;
    } else if ((SINGLE & bit) !== 0 && this.duplicate === HeaderId.Other) {
      this.duplicate = id as HeaderId;
    }
  }

  private isFirstLength(id: number): boolean {
    if (id !== HeaderId.ContentLength) return false;
    if ((this.seen & (1 << id)) === 0) return true;
    this.duplicate = HeaderId.ContentLength;
    return false;
  }

  /** A line that begins with a blank: it goes on with the value of the field before it (RFC 3261 §7.3.1). */
  private continuation(lineStart: number): number {
    const { bytes, end, table, start } = this;
    let p = lineStart;
    while (p < end && (bytes[p] === 32 || bytes[p] === 9)) p++;
    this.damaged = false;
    let valueEnd = this.lineEnd(p);
    if (this.next < 0) return -1;
    while (valueEnd > p && (bytes[valueEnd - 1] === 32 || bytes[valueEnd - 1] === 9)) valueEnd--;
    if (!this.mayContinue) this.blame("bad-header-line");
    else if (valueEnd === p) this.blame("empty-fold");
    else {
      const at = (this.count - 1) * STRIDE;
      if (table[at + 1] === table[at + 2]) table[at + 1] = p - start;
      table[at + 2] = valueEnd - start;
      table[at + 3] = (table[at + 3] as number) | FOLDED;
      if (this.damaged) {
        table[at + 2] = table[at + 1] as number;
        table[at + 3] = (table[at + 3] as number) & ~0xff;
      }
      this.irregular = true;
    }
    return this.next;
  }

  /** A line without a name or a colon. */
  private notAField(p: number): number {
    this.blame("bad-header-line");
    this.mayContinue = false;
    this.currentId = 0;
    this.lineEnd(p);
    return this.next;
  }

  /**
   * The offset of the line break that ends the line at `from`; sets `next` to the following line, or to -1 when the
   * bytes end first. Bare CR, bare LF and NUL are blamed here.
   */
  private lineEnd(from: number): number {
    const { bytes, end } = this;
    let p = from;
    for (;;) {
      let byte = 0;
      const loopEnd = Math.min(end, p + LOOP_BYTES);
      while (p < loopEnd && ((byte = bytes[p] as number) >= 32 || byte === 9)) p++;
      if (p === loopEnd && p < end) {
        p = this.skipLongText(p);
        byte = p < end ? (bytes[p] as number) : 0;
      }
      if (p >= end || (byte === 13 && p + 1 >= end)) {
        this.next = -1;
        return p;
      }
      if (byte === 13 && bytes[p + 1] === 10) {
        this.next = p + 2;
        return p;
      }
      if (byte === 10) {
        this.blame("bare-line-break");
        this.next = p + 1;
        return p;
      }
      if (byte === 13 || (byte === 0 && !this.isQuotedPair(p))) {
        this.blame(byte === 13 ? "bare-line-break" : "nul-in-head");
        this.damaged = true;
      }
      p++;
    }
  }

  /** The same search by the native `indexOf`, which is dearer to call and then far faster. */
  private skipLongText(from: number): number {
    const { bytes, end } = this;
    if (this.nextNul < from) {
      const found = bytes.indexOf(0, from);
      this.nextNul = found < 0 ? end : found;
    }
    const cr = bytes.indexOf(13, from);
    const lf = bytes.indexOf(10, from);
    return Math.min(this.nextNul, cr < 0 ? end : cr, lf < 0 ? end : lf, end);
  }

  /** RFC 4475 §3.1.1.2: a NUL after a backslash inside the quotes of a display name is legal. */
  private isQuotedPair(at: number): boolean {
    if (this.currentId > 30 || ((1 << this.currentId) & MAY_QUOTE_NUL) === 0) return false;
    let quoted = false;
    for (let p = this.currentValue; p < at; p++) {
      const byte = this.bytes[p];
      if (byte === 34) quoted = !quoted;
      else if (byte === 92 && quoted && ++p === at) return true;
    }
    return false;
  }

  private blame(code: SipProblemCode): void {
    this.fault ??= code;
  }
}
