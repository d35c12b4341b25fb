import { TOKEN, isLinearSpace, readDigits, skipSpace } from "./char-classes.ts";
import { HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import type { ByteRange } from "./name-addr.ts";
import { ParamCursor, readParams, unquote } from "./param-list.ts";
import { endOfHost } from "./scan-uri.ts";

/** The first value of the topmost Via field (RFC 3261 §20.42): where the answer goes. */
export interface TopmostVia {
  /** Index of the field; -1 when there is none. */
  readonly index: number;
  /** Range of this value only: more values may follow it in the same field, after a comma. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** As sent: "UDP", "tls", an unknown one. */
  readonly transport: string;
  /** sent-by; an IPv6 address in its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined in requests of RFC 2543 peers. */
  readonly branch: string | undefined;
  /** Names in lower case, values unquoted. */
  readonly params: ReadonlyMap<string, string>;
  readonly received: string | undefined;
  /** RFC 3581: undefined when absent, "" when the sender asks for it. */
  readonly rport: string | undefined;
  /** Where those two stand, name and value. */
  readonly receivedAt: ByteRange | undefined;
  readonly rportAt: ByteRange | undefined;
  /** RFC 5923 §7: the sender takes requests over the connection that this one came by. */
  readonly alias: boolean;
}

const QUOTE = 0x22;
const SIP: Buffer = Buffer.from("sip", "latin1");
const cursor: ParamCursor = new ParamCursor();

/** Finds the parts of one Via value by offset. Instances are reused. */
class ViaScan {
  transportStart = 0;
  transportEnd = 0;
  hostStart = 0;
  hostEnd = 0;
  /** -1: none. */
  port = -1;
  paramsStart = 0;
  /** After the last byte of this value that is no blank. */
  valueEnd = 0;

  /** True when the range begins with one whole Via value. */
  read(bytes: Buffer, start: number, end: number): boolean {
    let p = this.readProtocol(bytes, start, end);
    if (p < 0) return false;
    this.hostStart = p;
    p = endOfHost(bytes, p, end);
    if (p < 0) return false;
    this.hostEnd = p;
    this.port = -1;
    const colon = skipSpace(bytes, p, end);
    if (colon < end && bytes[colon] === 58) {
      const portStart = skipSpace(bytes, colon + 1, end);
      p = portStart;
      while (p < end && (bytes[p] as number) >= 48 && (bytes[p] as number) <= 57) p++;
      this.port = readDigits(bytes, portStart, p);
      if (this.port < 0 || this.port > 65_535) return false;
    }
    this.paramsStart = p;
    return this.readTail(bytes, end);
  }

  /** "SIP / 2.0 / UDP" and the blank after it; the offset of sent-by, or -1. */
  private readProtocol(bytes: Buffer, start: number, end: number): number {
    let p = start;
    for (let i = 0; i < 3; i++) if (((bytes[p++] as number) | 32) !== SIP[i]) return -1;
    p = slash(bytes, p, end);
    if (p < 0 || bytes[p] !== 50 || bytes[p + 1] !== 46 || bytes[p + 2] !== 48) return -1;
    p = slash(bytes, p + 3, end);
    if (p < 0) return -1;
    this.transportStart = p;
    while (p < end && TOKEN[bytes[p] as number] === 1) p++;
    this.transportEnd = p;
    if (p === this.transportStart || !isLinearSpace(bytes[p])) return -1;
    return skipSpace(bytes, p, end);
  }

  private readTail(bytes: Buffer, end: number): boolean {
    cursor.begin(bytes, this.paramsStart, end);
    this.valueEnd = this.paramsStart;
    for (;;) {
      const step = cursor.next();
      if (step < 0) return false;
      if (step === 0) return cursor.at === end || bytes[cursor.at] === 44;
      this.valueEnd = cursor.valueEnd < 0 ? cursor.nameEnd : cursor.valueEnd;
    }
  }
}

const scan: ViaScan = new ViaScan();

/** True when a Via field's first value can be read. */
export function beginsWithVia(bytes: Buffer, start: number, end: number): boolean {
  return scan.read(bytes, start, end);
}

/**
 * Reads the first value of the topmost Via. In a message that was parsed without a problem it is well formed; in the
 * partial request of a problem it may not be, and then has an empty transport and host and no parameters.
 */
export function topmostVia(message: SipMessage): TopmostVia {
  const index = message.find(HeaderId.Via);
  const valueStart = index < 0 ? 0 : message.valueStart(index);
  const fieldEnd = index < 0 ? 0 : message.valueEnd(index);
  const { bytes } = message;
  if (index < 0 || !scan.read(bytes, valueStart, fieldEnd)) {
    return { ...UNREADABLE, index, valueStart, valueEnd: fieldEnd };
  }
  return new ReadVia(message, index, scan);
}

/** The values that every message needs at once, the map of all parameters when it is asked for. */
class ReadVia implements TopmostVia {
  readonly index: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined = undefined;
  readonly received: string | undefined = undefined;
  readonly rport: string | undefined = undefined;
  readonly receivedAt: ByteRange | undefined = undefined;
  readonly rportAt: ByteRange | undefined = undefined;
  readonly alias: boolean = false;
  private readonly bytes: Buffer;
  private readonly paramsStart: number;

  constructor(message: SipMessage, index: number, via: ViaScan) {
    this.bytes = message.bytes;
    this.index = index;
    this.valueStart = message.valueStart(index);
    this.valueEnd = via.valueEnd;
    this.paramsStart = via.paramsStart;
    this.transport = message.textOf(via.transportStart, via.transportEnd);
    this.host = message.textOf(via.hostStart, via.hostEnd);
    this.port = via.port < 0 ? undefined : via.port;
    cursor.begin(this.bytes, this.paramsStart, this.valueEnd);
    while (cursor.next() === 1) {
      if (cursor.isNamed("branch")) this.branch = currentValue(message);
      else if (cursor.isNamed("received")) {
        this.received = currentValue(message);
        this.receivedAt = currentRange();
      } else if (cursor.isNamed("rport")) {
        this.rport = currentValue(message);
        this.rportAt = currentRange();
      } else if (cursor.isNamed("alias")) this.alias = cursor.valueStart < 0;
    }
  }

  get params(): ReadonlyMap<string, string> {
    return readParams(this.bytes, this.paramsStart, this.valueEnd) ?? UNREADABLE.params;
  }
}

const UNREADABLE: TopmostVia = {
  index: -1,
  valueStart: 0,
  valueEnd: 0,
  transport: "",
  host: "",
  port: undefined,
  branch: undefined,
  params: new Map(),
  received: undefined,
  rport: undefined,
  receivedAt: undefined,
  rportAt: undefined,
  alias: false,
};

/** The value of the parameter at the cursor. */
function currentValue(message: SipMessage): string {
  if (cursor.valueStart < 0) return "";
  const value = message.textOf(cursor.valueStart, cursor.valueEnd);
  return message.bytes[cursor.valueStart] === QUOTE ? unquote(value) : value;
}

function currentRange(): ByteRange {
  const end = cursor.valueStart < 0 ? cursor.nameEnd : cursor.valueEnd;
  return { start: cursor.nameStart, end };
}

/** "/" with blanks around it; the offset after it, or -1. */
function slash(bytes: Buffer, start: number, end: number): number {
  const p = skipSpace(bytes, start, end);
  return p < end && bytes[p] === 47 ? skipSpace(bytes, p + 1, end) : -1;
}
