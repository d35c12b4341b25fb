/**
 * MSN_SECURE_FTP and the plain MSNFTP (lcs.md B4), the file sender's half: what the relay speaks towards a file receiver.
 * It reads and writes control lines only, which are the same in both; the content goes out through chunk-writer.ts, when and
 * if the relay is told to deliver.
 */
import { BYE_CODE } from "./bye-code.ts";
import {
  readControlLine,
  serializeControlLine,
  type ControlLine,
  type FileProtocol,
} from "./control-line.ts";
import { LineAssembler } from "./line-assembler.ts";
import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";

export interface FileSenderPlan {
  /** The one that the receiver must offer, among others perhaps. */
  readonly protocol: FileProtocol;
  /** What the receiver must show in USR: its address in any case, and the cookie digit by digit. */
  readonly user: string;
  readonly authCookie: string;
  /** Bytes, for FIL. */
  readonly size: number;
}

export interface FileSenderStep {
  /** To be written to the receiver. */
  readonly write: Buffer | undefined;
  /** The end of it: nothing is read any more. */
  readonly problem: MsnftpProblem | undefined;
}

/**
 * version, user, offered: waits for VER, USR, TFR. requested: the receiver waits for the content. sending: it is on its
 * way. sent: waits for BYE. acknowledged: the receiver says that it has everything.
 */
export type FileSenderState =
  | "version"
  | "user"
  | "offered"
  | "requested"
  | "sending"
  | "sent"
  | "acknowledged";

export interface FileSender {
  readonly state: FileSenderState;
  receive(bytes: Buffer): FileSenderStep;
  /** The first chunk is about to be written. Only when `requested`. */
  begin(): void;
  /** The last chunk has been written. */
  finish(): void;
}

const NOTHING: FileSenderStep = { write: undefined, problem: undefined };

/** For one receiver, which must show this user and cookie. */
export function createFileSender(plan: FileSenderPlan): FileSender {
  return createFileSenderFor(plan.protocol, (user, authCookie) => {
    const isSame = user.toLowerCase() === plan.user.toLowerCase() && authCookie === plan.authCookie;
    return isSame ? plan.size : undefined;
  });
}

/** For whichever receiver it is, of several that are awaited: `sizeFor` says by what it shows, and is asked once. */
export function createFileSenderFor(protocol: FileProtocol, sizeFor: SizeFor): FileSender {
  return new LineFileSender(protocol, sizeFor);
}

/** Bytes of the file that whoever shows this is to get; undefined: nobody is awaited with it. */
type SizeFor = (user: string, authCookie: string) => number | undefined;

class LineFileSender implements FileSender {
  state: FileSenderState = "version";
  readonly #protocol: FileProtocol;
  readonly #sizeFor: SizeFor;
  readonly #lines = new LineAssembler();
  /** Bytes, as we have said in FIL. */
  #size: number | undefined;
  /** The receiver of an empty file has all of it once it has asked, and may say so before it is told that it may have it. */
  #hasSaidBye = false;
  #write: Buffer[] = [];
  #problem: MsnftpProblem | undefined;

  constructor(protocol: FileProtocol, sizeFor: SizeFor) {
    this.#protocol = protocol;
    this.#sizeFor = sizeFor;
  }

  receive(bytes: Buffer): FileSenderStep {
    if (this.#problem !== undefined) return NOTHING;
    this.#write = [];
    let at = 0;
    while (at < bytes.length && this.#problem === undefined && this.state !== "acknowledged") {
      const { next, line } = this.#lines.take(bytes, at);
      at = next;
      if (line === undefined) break;
      const read = line.ok ? readControlLine(line.value) : line;
      if (read.ok) this.#obey(read.value);
      else this.#problem = read.problem;
    }
    const write = this.#write.length === 0 ? undefined : Buffer.concat(this.#write);
    return { write, problem: this.#problem };
  }

  begin(): void {
    if (this.state !== "requested") throw new Error(`content in state ${this.state}`);
    this.state = "sending";
  }

  finish(): void {
    if (this.state !== "sending") throw new Error(`end of content in state ${this.state}`);
    this.state = this.#hasSaidBye ? "acknowledged" : "sent";
  }

  #fail(code: MsnftpProblem["code"], detail: string): void {
    this.#problem = msnftpProblem(code, detail);
  }

  #obey(line: ControlLine): void {
    if (this.state === "sent" && line.kind === "BYE" && line.code === BYE_CODE.received) {
      this.state = "acknowledged";
    } else if (this.#isEarlyBye(line)) {
      this.#hasSaidBye = true;
    } else if (line.kind === "CCL" || (line.kind === "BYE" && line.code !== BYE_CODE.received)) {
      this.#fail("peer-cancelled", line.kind === "BYE" ? `BYE ${line.code}` : line.kind);
    } else if (this.state === "version" && line.kind === "VER") {
      this.#agree(line.protocols);
    } else if (this.state === "user" && line.kind === "USR") {
      this.#admit(line.user, line.authCookie);
    } else if (this.state === "offered" && line.kind === "TFR") {
      this.state = "requested";
    } else this.#fail("unexpected-line", `${line.kind} in state ${this.state}`);
  }

  #isEarlyBye(line: ControlLine): boolean {
    const isReceipt = line.kind === "BYE" && line.code === BYE_CODE.received;
    return isReceipt && this.state === "requested" && this.#size === 0 && !this.#hasSaidBye;
  }

  #agree(protocols: readonly string[]): void {
    const protocol = this.#protocol;
    if (!protocols.includes(protocol)) {
      this.#fail("no-common-version", protocols.join(" "));
      return;
    }
    this.#write.push(serializeControlLine({ kind: "VER", protocols: [protocol] }));
    this.state = "user";
  }

  #admit(user: string, authCookie: string): void {
    const size = this.#sizeFor(user, authCookie);
    if (size === undefined) {
      this.#fail("wrong-user", "USR with another user or cookie");
      return;
    }
    this.#size = size;
    this.#write.push(serializeControlLine({ kind: "FIL", size }));
    this.state = "offered";
  }
}
