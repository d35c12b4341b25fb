/**
 * A SIP message as it came: its bytes, and a table of where its header fields stand (RFC 3261 §7). Strings are made
 * only when asked for; nothing here changes a byte. Edits are splices over `bytes` (splice.ts).
 * Made by parse-message.ts and framer.ts alone. Values are latin1 strings, one character a byte; `utf8At` decodes.
 * Does not: interpret bodies, know transactions, follow routes.
 */
import { withoutTrailing } from "../../base/without-trailing.ts";
import { FOLDED, HeadScan, NAME_LENGTH_SHIFT, STRIDE } from "./scan-head.ts";
import { detached } from "../../base/detached.ts";
import { readCSeq, type CSeq } from "./cseq.ts";
import { HeaderId } from "./header-names.ts";
import { tagOf } from "./name-addr.ts";
import type { StartLine } from "./start-line.ts";

/**
 * Heads up to this size are decoded once and cut; a string cut out keeps the whole text alive, so from larger heads each
 * string is decoded by itself, and nobody can make a stored Call-ID weigh 64 KiB.
 */
const MAX_HEAD_TEXT = 4096;

export abstract class SipMessage {
  /** Exactly this message: head, blank line, body. */
  readonly bytes: Buffer;
  /** Offset of the body; it ends with `bytes`. */
  readonly bodyStart: number;
  readonly headerCount: number;
  readonly contentLengthPresent: boolean;
  /** Some field has blanks before its colon or a folded value (see canonical.ts). */
  readonly irregular: boolean;
  /** Undefined: to be made again (`rest`). */
  private known: readonly number[] | undefined;
  /** The head as latin1, made when the first string is asked for. */
  private headText: string | undefined = undefined;
  private knownCSeq: CSeq | undefined = undefined;
  private knownCallId: string | undefined = undefined;
  /** null: not looked for yet. */
  private knownToTag: string | undefined | null = null;

  /** Copies what it needs out of `head`. */
  constructor(bytes: Buffer, head: HeadScan) {
    this.bytes = bytes;
    this.bodyStart = head.bodyStart;
    this.headerCount = head.count;
    this.contentLengthPresent = (head.seen & (1 << HeaderId.ContentLength)) !== 0;
    this.irregular = head.irregular;
    this.known = head.table.slice(0, head.count * STRIDE + 1);
  }

  /**
   * Lets go of what the bytes alone say: of a message that waits for its answer, and is hardly asked any more, this is half. The
   * next question reads its head again, and whoever asked lets go of it once more.
   */
  rest(): void {
    this.known = undefined;
    this.headText = undefined;
    this.knownCSeq = undefined;
    if (this.knownCallId !== undefined) this.knownCallId = detached(this.knownCallId);
    this.knownToTag = null;
  }

  /** A view of the body. */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart);
  }

  /** Index of the first field `id` at or after index `from`, or -1. */
  find(id: HeaderId, from = 0): number {
    const { table } = this;
    for (let at = from * STRIDE + 3; at < table.length; at += STRIDE) {
      if (((table[at] as number) & 0xff) === id) return (at - 3) / STRIDE;
    }
    return -1;
  }

  /** Index of the first field of that name (given in lower case, long form) at or after index `from`, or -1. */
  findName(lowerCaseName: string, from = 0): number {
    for (let i = from; i < this.headerCount; i++) {
      if (
        this.packed(i) >> NAME_LENGTH_SHIFT === lowerCaseName.length &&
        this.nameAt(i).toLowerCase() === lowerCaseName
      ) {
        return i;
      }
    }
    return -1;
  }

  /** How many fields `id` there are (fields, not comma-separated values). */
  count(id: HeaderId): number {
    let n = 0;
    for (let i = this.find(id); i >= 0; i = this.find(id, i + 1)) n++;
    return n;
  }

  idAt(i: number): HeaderId {
    return (this.packed(i) & 0xff) as HeaderId;
  }

  /** The name as sent, without blanks. */
  nameAt(i: number): string {
    const start = this.lineStart(i);
    return this.textOf(start, start + (this.packed(i) >> NAME_LENGTH_SHIFT));
  }

  /** The value, trimmed, each fold as one blank; one character a byte. */
  valueAt(i: number): string {
    const text = this.textOf(this.valueStart(i), this.valueEnd(i));
    return this.foldedAt(i) ? unfold(text) : text;
  }

  /** The value as `valueAt`, decoded as UTF-8. */
  utf8At(i: number): string {
    const text = this.bytes.toString("utf8", this.valueStart(i), this.valueEnd(i));
    return this.foldedAt(i) ? unfold(text) : text;
  }

  /** The value of the first field `id`. */
  value(id: HeaderId): string | undefined {
    const i = this.find(id);
    return i < 0 ? undefined : this.valueAt(i);
  }

  /** Offset of the field's name. */
  lineStart(i: number): number {
    return this.table[i * STRIDE] as number;
  }

  /** Offset after the field's last line end, continuation lines included. */
  lineEnd(i: number): number {
    return this.table[(i + 1) * STRIDE] as number;
  }

  /** Offset of the value's first byte, blanks skipped. */
  valueStart(i: number): number {
    return this.table[i * STRIDE + 1] as number;
  }

  /** Offset after the value's last byte that is not a blank; folds lie inside. */
  valueEnd(i: number): number {
    return this.table[i * STRIDE + 2] as number;
  }

  /** The value is written over several lines. */
  foldedAt(i: number): boolean {
    return (this.packed(i) & FOLDED) !== 0;
  }

  get callId(): string {
    return (this.knownCallId ??= this.value(HeaderId.CallId) ?? "");
  }

  /** Bytes of the head (offsets in `bytes`) as latin1. */
  textOf(start: number, end: number): string {
    if (this.bodyStart > MAX_HEAD_TEXT) return this.bytes.toString("latin1", start, end);
    return (this.headText ??= this.bytes.toString("latin1", 0, this.bodyStart)).slice(start, end);
  }

  /** In a partial request that has no readable CSeq: number 0, method "". */
  get cseq(): CSeq {
    return (this.knownCSeq ??= this.readCSeq());
  }

  /** Undefined for peers of RFC 2543, which send none. */
  get fromTag(): string | undefined {
    return this.tagIn(HeaderId.From);
  }

  get toTag(): string | undefined {
    if (this.knownToTag === null) this.knownToTag = this.tagIn(HeaderId.To);
    return this.knownToTag;
  }

  private readCSeq(): CSeq {
    const i = this.find(HeaderId.CSeq);
    return (i < 0 ? undefined : readCSeq(this, i)) ?? { number: 0, method: "" };
  }

  private tagIn(id: HeaderId): string | undefined {
    const i = this.find(id);
    return i < 0 ? undefined : tagOf(this, i);
  }

  private packed(i: number): number {
    return this.table[i * STRIDE + 3] as number;
  }

  private get table(): readonly number[] {
    return (this.known ??= this.readAgain());
  }

  private readAgain(): readonly number[] {
    again.scan(this.bytes, 0, this.bodyStart, this.headerCount);
    return again.table.slice(0, again.count * STRIDE + 1);
  }
}

/** A shorter piece of a text is a copy to V8, and holds on to nothing. */
const SLICED = 13;

/** For messages that have rested. */
const again: HeadScan = new HeadScan();

export class SipRequest extends SipMessage {
  readonly kind = "request" as const;
  /** Range of the Request-URI in `bytes`. */
  readonly uriStart: number;
  readonly uriEnd: number;
  private readonly methodEnd: number;
  private knownMethod: string | undefined = undefined;
  private knownUri: string | undefined = undefined;

  constructor(bytes: Buffer, head: HeadScan, line: StartLine) {
    super(bytes, head);
    this.methodEnd = line.methodEnd;
    this.uriStart = line.uriStart;
    this.uriEnd = line.uriEnd;
  }

  /** As sent; methods are case-sensitive (RFC 3261 §7.1). */
  get method(): string {
    return (this.knownMethod ??= this.textOf(0, this.methodEnd));
  }

  get requestUri(): string {
    // A text of its own: it is kept longer than the head.
    return (this.knownUri ??= this.bytes.toString("latin1", this.uriStart, this.uriEnd));
  }

  override rest(): void {
    super.rest();
    if ((this.knownMethod?.length ?? 0) >= SLICED) this.knownMethod = undefined;
  }
}

export class SipResponse extends SipMessage {
  readonly kind = "response" as const;
  readonly status: number;
  private readonly reasonStart: number;
  private readonly reasonEnd: number;

  constructor(bytes: Buffer, head: HeadScan, line: StartLine) {
    super(bytes, head);
    this.status = line.status;
    this.reasonStart = line.reasonStart;
    this.reasonEnd = head.startLineEnd;
  }

  /** May be empty (RFC 4475 §3.1.1.13). */
  get reason(): string {
    return this.bytes.toString("utf8", this.reasonStart, this.reasonEnd);
  }
}

export type AnySipMessage = SipRequest | SipResponse;

function unfold(text: string): string {
  // The CR is missing only in a partial request, whose values must not carry a line break on either.
  // Blanks before a break are taken off from the break: an expression that begins with them is tried at each of a long run.
  const lines = text.split(/\r?\n[ \t]+/);
  const last = lines.length - 1;
  return lines.map((line, at) => (at === last ? line : withoutTrailing(line, " \t"))).join(" ");
}
