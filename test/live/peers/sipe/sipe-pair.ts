import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../../../support/sip-socket.ts";
import { SipePeer, type ReceivedFile, type SignOnOptions, type SipeEvent } from "./sipe-peer.ts";

/** Everything that a pair of clients has in common, and what only one of them has. */
export interface SipePairOptions extends SignOnOptions {
  /** From `buildSipePeer`. */
  readonly program: string;
  readonly at: Address;
  /** Behind "alice" and "bob" in their addresses, where there are several pairs. */
  readonly suffix?: string;
  readonly alice?: SignOnOptions;
  readonly bob?: SignOnOptions;
}

/** A file that one of them has on his disk. */
export interface OfferedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Alice and Bob, both pidgin-sipe, who accept what the other one offers. */
export class SipePair implements AsyncDisposable {
  readonly alice: SipePeer;
  readonly bob: SipePeer;
  readonly #folder: string;

  private constructor(alice: SipePeer, bob: SipePeer, folder: string) {
    this.alice = alice;
    this.bob = bob;
    this.#folder = folder;
  }

  static async signOn({
    program,
    at,
    suffix = "",
    ...options
  }: SipePairOptions): Promise<SipePair> {
    const of = async (name: "alice" | "bob"): Promise<SipePeer> =>
      SipePeer.signOn(program, `${name}${suffix}@example.test`, at, {
        ...options,
        ...options[name],
      });
    const alice = await of("alice");
    const bob = await of("bob");
    await alice.accepts();
    await bob.accepts();
    return new SipePair(alice, bob, await mkdtemp(join(tmpdir(), "sluice-sipe-files-")));
  }

  /** The other one of the two. */
  other(peer: SipePeer): SipePeer {
    return peer === this.alice ? this.bob : this.alice;
  }

  /** One message, to where the other one has seen it; gives its text without the client's font tags. */
  async says(from: SipePeer, text: string): Promise<string> {
    from.says(`sip:${this.other(from).address}`, text);
    return plain(await this.other(from).sees("message", (event) => plain(event).includes(text)));
  }

  /** Offers a file and waits for nothing. */
  async offers(from: SipePeer, { name, bytes }: OfferedFile): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(path, bytes);
    from.offers(`sip:${this.other(from).address}`, path);
  }

  /** A whole transfer, to where both have seen its end; gives the file of that name that lies with the receiver now. */
  async sends(from: SipePeer, file: OfferedFile): Promise<ReceivedFile | undefined> {
    const to = this.other(from);
    await this.offers(from, file);
    await from.seesTransfer("file-send-complete", ofFile(file), 60_000);
    await to.seesTransfer("settled", ofFile(file), 60_000);
    return (await to.receivedFiles()).find(({ name }) => name === file.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.alice[Symbol.asyncDispose]();
    await this.bob[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What is left of a text when the client's own font tags are taken away. */
export function plain(event: SipeEvent): string {
  return (event.text ?? "").replaceAll(/<[^>]*>/g, "");
}

/** Whether an event is about that file; a receiver may know it by its path only. */
export function ofFile({ name }: Pick<OfferedFile, "name">): (event: SipeEvent) => boolean {
  return (event) => event.file === name || (event.path ?? "").endsWith(`/${name}`);
}
