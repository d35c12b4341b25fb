import { setTimeout as delay } from "node:timers/promises";
import { macOf, payloadCipher, type FileKeys } from "./msnftp-cipher.ts";
import { ConversationEnded, type FileConnection, type LedgerEntry } from "./msnftp-connection.ts";
import { dialForFile, listenForFile, type FileEndpoint } from "./msnftp-endpoint.ts";
import type { Address } from "./sip-socket.ts";

/**
 * The two ends of a file transfer of the LCS dialect (lcs.md B4), over real sockets, written from the protocol's
 * description and sharing no line with src/wire: a second reader. Honest unless told otherwise; every way to misbehave is
 * an option, so that a test says in its own words what goes wrong.
 */

/** What both ends know of a transfer from SIP. */
interface CommonOptions {
  /** Absent: the plain variant, VER MSNFTP, without MAC. */
  readonly keys?: FileKeys | undefined;
  /** The receiver's address without "sip:". */
  readonly user: string;
  /** What the listening side gave out. */
  readonly authCookie: string;
  /** Own address; default 127.0.0.1. */
  readonly address?: string;
  /** How long a control line may be waited for; default 10 s, like pidgin-sipe. */
  readonly lineTimeoutMs?: number;
  /** How long data may be waited for; default 60 s. */
  readonly dataTimeoutMs?: number;
}

export interface SenderOptions extends CommonOptions {
  readonly content: Buffer;
  readonly faults?: SenderFaults;
}

export interface SenderFaults {
  /** Says nothing from that step on and keeps the connection. */
  readonly silentAt?: SenderStep;
  /** Closes instead of that step. */
  readonly closesAt?: SenderStep;
  /** Sends so many bytes of content, then goes silent or closes. */
  readonly stopsAfter?: { readonly bytes: number; readonly then: "silence" | "close" };
  /** The size in FIL. */
  readonly announces?: number;
  /** Content bytes that no one announced, after the file and before the MAC. */
  readonly extra?: Buffer;
  /** Payload bytes of a chunk; default 2045. */
  readonly chunkBytes?: number;
  /** First byte of each chunk's header; default 0. */
  readonly chunkType?: number;
  readonly wrongMac?: boolean;
  readonly macWithoutNul?: boolean;
  /** Does not wait for BYE. */
  readonly macBeforeBye?: boolean;
  /** Ends the data of the plain variant with 01 00 00, as some clients do. */
  readonly endMarker?: boolean;
  /** Turns one bit of the first encrypted byte. */
  readonly flipsBit?: boolean;
  /** Between chunks. */
  readonly pauseMs?: number;
}

export type SenderStep = "ver" | "fil" | "data" | "mac";

export interface SenderResult {
  /** bye: it was told something, see `byeCode`; refused: the receiver was not who it should be. */
  readonly end: "bye" | "ccl" | "refused" | "breach" | ConversationCut;
  readonly byeCode: number | undefined;
  /** Bytes of content that went out. */
  readonly sentBytes: number;
}

export interface ReceiverOptions extends CommonOptions {
  /** As announced in SIP. */
  readonly size: number;
  readonly faults?: ReceiverFaults;
}

export interface ReceiverFaults {
  readonly silentAt?: ReceiverStep;
  readonly closesAt?: ReceiverStep;
  /** What it shows in USR instead. */
  readonly user?: string;
  readonly authCookie?: string;
  /** After so many bytes of content: CCL and close, just close, or no more reading. */
  readonly stopsAfter?: { readonly bytes: number; readonly then: "ccl" | "close" | "silence" };
  /** Instead of 16777989. */
  readonly byeCode?: number;
  /** Between chunks: back-pressure for the sender. */
  readonly pauseMs?: number;
  /** The offered versions, instead of the one that fits. */
  readonly ver?: string;
}

export type ReceiverStep = "ver" | "usr" | "tfr" | "bye";

export interface ReceiverResult {
  /** complete: all bytes and, where there are keys, a good MAC. */
  readonly end: "complete" | "bad-mac" | "wrong-fil" | "breach" | ConversationCut;
  /** Decrypted, as far as it came. */
  readonly content: Buffer;
  /** What FIL said; undefined: there was none. */
  readonly announced: number | undefined;
}

/** gave-up: an own fault; breach: the other side broke the protocol. */
export type ConversationCut = "closed" | "timeout" | "unreachable" | "gave-up";

/** Received ok; what an honest receiver says at the end. */
export const BYE_RECEIVED = 16_777_989;
export const BYE_CANCELLED = 2_164_261_682;

/** Thrown by a fault: this peer does not go on. */
class GaveUp extends Error {}

/** The other side broke the protocol. */
class Breach extends Error {}

abstract class FilePeer<Options extends CommonOptions> implements AsyncDisposable {
  protected readonly options: Options;
  readonly #endpoint: FileEndpoint;
  #connection: FileConnection | undefined;

  protected constructor(options: Options, endpoint: FileEndpoint) {
    this.options = options;
    this.#endpoint = endpoint;
  }

  /** Where it listens, for the ACCEPT. */
  get local(): Address {
    if (this.#endpoint.local === undefined) throw new Error("this peer dials");
    return this.#endpoint.local;
  }

  /** What passed, with times; [] before there is a connection. */
  get ledger(): readonly LedgerEntry[] {
    return this.#connection?.ledger ?? [];
  }

  /** All bytes that came. */
  get received(): Buffer {
    return this.#connection?.received ?? Buffer.alloc(0);
  }

  get sent(): Buffer {
    return this.#connection?.sent ?? Buffer.alloc(0);
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Who came besides the peer of the transfer; turned away at once. */
  get turnedAway(): readonly string[] {
    return this.#endpoint.turnedAway;
  }

  /** Ends everything, as when the program is killed. */
  vanishes(): void {
    this.#connection?.destroy();
    this.#endpoint.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.vanishes();
    await Promise.resolve();
  }

  protected get version(): string {
    return this.options.keys === undefined ? "MSNFTP" : "MSN_SECURE_FTP";
  }

  protected async connection(): Promise<FileConnection | undefined> {
    this.#connection = await this.#endpoint.connection;
    return this.#connection;
  }

  protected async line(connection: FileConnection): Promise<string> {
    return connection.line(this.options.lineTimeoutMs ?? 10_000);
  }

  protected get dataTimeoutMs(): number {
    return this.options.dataTimeoutMs ?? 60_000;
  }

  protected async gaveUp(connection: FileConnection, how: "silence" | "close"): Promise<never> {
    if (how === "close") connection.close();
    else await connection.untilClosed(this.dataTimeoutMs).catch(() => undefined);
    throw new GaveUp(how);
  }

  protected async at<Step extends string>(
    connection: FileConnection,
    step: Step,
    faults: { readonly silentAt?: Step; readonly closesAt?: Step } | undefined,
  ): Promise<void> {
    if (faults?.closesAt === step) await this.gaveUp(connection, "close");
    if (faults?.silentAt === step) await this.gaveUp(connection, "silence");
  }
}

function endOf(error: unknown): "closed" | "timeout" | "gave-up" | "breach" {
  if (error instanceof GaveUp) return "gave-up";
  if (error instanceof Breach) return "breach";
  if (error instanceof ConversationEnded) return error.why;
  throw error;
}

/** Has a file and gives it to whom can show the cookie. */
export class FileSender extends FilePeer<SenderOptions> {
  readonly result: Promise<SenderResult>;
  #sentBytes = 0;
  #byeCode: number | undefined;

  private constructor(options: SenderOptions, endpoint: FileEndpoint) {
    super(options, endpoint);
    this.result = this.#talk();
  }

  static async listens(options: SenderOptions, port = 0): Promise<FileSender> {
    const address = options.address ?? "127.0.0.1";
    return new FileSender(options, await listenForFile({ address, port }));
  }

  static dials(peer: Address, options: SenderOptions): FileSender {
    return new FileSender(options, dialForFile(peer, options.address ?? "127.0.0.1"));
  }

  /** Bytes of content that have gone out so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  async #talk(): Promise<SenderResult> {
    const end = await this.#converse();
    return { end, byeCode: this.#byeCode, sentBytes: this.#sentBytes };
  }

  async #converse(): Promise<SenderResult["end"]> {
    const connection = await this.connection();
    if (connection === undefined) return "unreachable";
    try {
      return await this.#greet(connection);
    } catch (error) {
      const end = endOf(error);
      if (end === "gave-up") return end;
      connection.close();
      // Written into the void until the close was noticed; what was said before it counts.
      return end === "closed" && connection.hasLine ? "ccl" : end;
    }
  }

  async #greet(connection: FileConnection): Promise<SenderResult["end"]> {
    const { faults, user, authCookie, content } = this.options;
    const offered = (await this.line(connection)).split(" ");
    if (offered[0] !== "VER" || !offered.includes(this.version)) return this.#refuse(connection);
    await this.at(connection, "ver", faults);
    await connection.send(`VER ${this.version}\r\n`);
    const shown = await this.line(connection);
    if (shown.toLowerCase() !== `usr ${user.toLowerCase()} ${authCookie}`) {
      return this.#refuse(connection);
    }
    await this.at(connection, "fil", faults);
    await connection.send(`FIL ${faults?.announces ?? content.length}\r\n`);
    if ((await this.line(connection)) !== "TFR") return this.#refuse(connection);
    await this.at(connection, "data", faults);
    if (!(await this.#sendContent(connection))) return "ccl";
    return this.#finish(connection);
  }

  #refuse(connection: FileConnection): "refused" {
    connection.close();
    return "refused";
  }

  /** False: the receiver has cancelled. */
  async #sendContent(connection: FileConnection): Promise<boolean> {
    const { content, faults } = this.options;
    const stop = faults?.stopsAfter;
    const all = Buffer.concat([content, faults?.extra ?? Buffer.alloc(0)]);
    const encrypt = payloadCipher(this.options.keys);
    const step = faults?.chunkBytes ?? 2045;
    for (let at = 0; at < all.length; at += step) {
      // lcs.md B4: the sender looks for a CCL at the beginning of a chunk only.
      if (connection.hasLine) {
        const said = await this.line(connection);
        if (!said.startsWith("BYE")) {
          connection.close();
          return false;
        }
        this.#byeCode = Number(said.slice(4));
      }
      const end = Math.min(at + step, all.length, stop?.bytes ?? all.length);
      const payload = encrypt(all.subarray(at, end));
      if (faults?.flipsBit === true && at === 0) payload[0] = (payload[0] ?? 0) ^ 1;
      const head = [faults?.chunkType ?? 0, payload.length & 0xff, payload.length >> 8];
      await connection.send(Buffer.concat([Buffer.from(head), payload]));
      this.#sentBytes += payload.length;
      if (stop !== undefined && end >= stop.bytes) await this.gaveUp(connection, stop.then);
      if (faults?.pauseMs !== undefined) await delay(faults.pauseMs);
    }
    return true;
  }

  async #finish(connection: FileConnection): Promise<SenderResult["end"]> {
    const { faults } = this.options;
    if (faults?.endMarker === true) await connection.send(Buffer.from([1, 0, 0]));
    if (faults?.macBeforeBye === true) await this.#sendMac(connection);
    const said = this.#byeCode === undefined ? await this.line(connection) : "BYE";
    if (said.startsWith("BYE ")) this.#byeCode = Number(said.slice(4));
    await this.at(connection, "mac", faults);
    // COMPAT(pidgin-sipe): whatever the line says, the MAC follows.
    if (faults?.macBeforeBye !== true) await this.#sendMac(connection);
    connection.close();
    return said.startsWith("BYE") ? "bye" : "ccl";
  }

  async #sendMac(connection: FileConnection): Promise<void> {
    const { keys, content, faults } = this.options;
    if (keys === undefined) return;
    const right = macOf(keys, content);
    const mac =
      faults?.wrongMac === true ? (right.startsWith("A") ? "B" : "A") + right.slice(1) : right;
    await connection.send(`MAC ${mac}${faults?.macWithoutNul === true ? "" : "\0"}\r\n`);
  }
}

/** Wants a file and speaks first. */
export class FileReceiver extends FilePeer<ReceiverOptions> {
  readonly result: Promise<ReceiverResult>;
  readonly #chunks: Buffer[] = [];
  #announced: number | undefined;

  private constructor(options: ReceiverOptions, endpoint: FileEndpoint) {
    super(options, endpoint);
    this.result = this.#talk();
  }

  static async listens(options: ReceiverOptions, port = 0): Promise<FileReceiver> {
    const address = options.address ?? "127.0.0.1";
    return new FileReceiver(options, await listenForFile({ address, port }));
  }

  static dials(peer: Address, options: ReceiverOptions): FileReceiver {
    return new FileReceiver(options, dialForFile(peer, options.address ?? "127.0.0.1"));
  }

  /** Decrypted content so far. */
  get content(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async #talk(): Promise<ReceiverResult> {
    const end = await this.#converse();
    return { end, content: this.content, announced: this.#announced };
  }

  async #converse(): Promise<ReceiverResult["end"]> {
    const connection = await this.connection();
    if (connection === undefined) return "unreachable";
    try {
      return await this.#greet(connection);
    } catch (error) {
      const end = endOf(error);
      if (end !== "gave-up") connection.close();
      return end;
    }
  }

  async #greet(connection: FileConnection): Promise<ReceiverResult["end"]> {
    const { faults, size } = this.options;
    await this.at(connection, "ver", faults);
    await connection.send(`VER ${faults?.ver ?? this.version}\r\n`);
    const ver = await this.line(connection);
    if (ver !== `VER ${this.version}`) throw new Breach(`not the version: ${JSON.stringify(ver)}`);
    await this.at(connection, "usr", faults);
    const user = faults?.user ?? this.options.user;
    const cookie = faults?.authCookie ?? this.options.authCookie;
    await connection.send(`USR ${user} ${cookie}\r\n`);
    const fil = /^FIL (\d+)$/.exec(await this.line(connection));
    this.#announced = fil === null ? undefined : Number(fil[1]);
    if (this.#announced !== size) {
      connection.close();
      return "wrong-fil";
    }
    await this.at(connection, "tfr", faults);
    await connection.send("TFR\r\n");
    await this.#receiveContent(connection, size);
    return this.#finish(connection);
  }

  async #receiveContent(connection: FileConnection, size: number): Promise<void> {
    const { faults } = this.options;
    const decrypt = payloadCipher(this.options.keys);
    for (let got = 0; got < size;) {
      const stop = faults?.stopsAfter;
      if (stop !== undefined && got >= stop.bytes) {
        if (stop.then === "ccl") await connection.send("CCL\r\n");
        await this.gaveUp(connection, stop.then === "silence" ? "silence" : "close");
      }
      const head = await connection.bytes(3, this.dataTimeoutMs);
      const length = (head[1] ?? 0) + 256 * (head[2] ?? 0);
      if (head[0] !== 0) throw new Breach(`a chunk of type ${head[0]}`);
      const payload = await connection.bytes(length, this.dataTimeoutMs);
      this.#chunks.push(decrypt(payload));
      got += length;
      if (got > size) throw new Breach(`${got} bytes of ${size}`);
      if (faults?.pauseMs !== undefined) await delay(faults.pauseMs);
    }
  }

  async #finish(connection: FileConnection): Promise<ReceiverResult["end"]> {
    const { faults, keys } = this.options;
    await this.at(connection, "bye", faults);
    await connection.send(`BYE ${faults?.byeCode ?? BYE_RECEIVED}\r\n`);
    if (keys === undefined) {
      await connection.untilClosed(this.dataTimeoutMs);
      return "complete";
    }
    const line = await this.line(connection);
    connection.close();
    // lcs.md B4: the text between offset 4 and the NUL is compared; without the NUL the file counts as corrupt.
    const shown = /^MAC ([^\0]*)\0/.exec(line)?.[1];
    return shown === macOf(keys, this.content) ? "complete" : "bad-mac";
  }
}
