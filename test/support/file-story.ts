import assert from "node:assert/strict";
import type { ConnectionOptions } from "node:tls";
import { FilePerson, type FetchOptions, type Offer, type ServeOptions } from "./file-person.ts";
import {
  disguised,
  fileInvitation,
  freshCookie,
  type InvitationText,
  type ListeningAt,
  type OfferedFile,
} from "./invitation-text.ts";
import type { FileReceiver, FileSender } from "./msnftp-peer.ts";
import { SipClient } from "./sip-client.ts";
import type { Address, TestTransport } from "./sip-socket.ts";

export interface StoryOptions {
  /** Where both have their outbound proxy. */
  readonly gateway: Address;
  readonly transport?: TestTransport;
  readonly password?: string;
  /** With the transport tls: whom to believe. */
  readonly tls?: ConnectionOptions;
  /** Makes both look like LCS clients; default true. */
  readonly lcs?: boolean;
  /** Local address of both; default 127.0.0.1. */
  readonly address?: string;
  /** Names; default alice and bob. */
  readonly sender?: string;
  readonly receiver?: string;
}

export interface Staging {
  /** direct: the sender listens; nat: the receiver does, since the sender said that it cannot. */
  readonly way?: "direct" | "nat";
  readonly encryption?: string | undefined;
  readonly size?: number;
  readonly sending?: ServeOptions;
  readonly receiving?: FetchOptions;
}

/** A transfer that both have agreed on by SIP; the bytes are on their way. */
export interface AgreedTransfer {
  readonly offer: Offer;
  /** As the receiver saw it. */
  readonly invitation: InvitationText;
  /** The keys' ACCEPT as the sender saw it; in the NAT way it bears the address too. */
  readonly accepted: InvitationText;
  /** The ACCEPT with the address as the side that connects saw it. */
  readonly address: InvitationText;
  /** Where the listening side really is. */
  readonly listening: ListeningAt;
  readonly sender: FileSender;
  readonly receiver: FileReceiver;
}

/**
 * Alice and Bob with a conversation open through a gateway, whatever stands behind it; files go from Alice to Bob.
 * Steps are verbs of the persons; `agree` plays the honest way of lcs.md B3 up to the bytes on the wire.
 */
export class FileStory implements AsyncDisposable {
  readonly alice: FilePerson;
  readonly bob: FilePerson;
  readonly #stack: AsyncDisposableStack;

  private constructor(alice: FilePerson, bob: FilePerson, stack: AsyncDisposableStack) {
    this.alice = alice;
    this.bob = bob;
    this.#stack = stack;
  }

  /** Both sign on; Alice invites Bob, and Bob answers. */
  static async begin(options: StoryOptions): Promise<FileStory> {
    await using stack = new AsyncDisposableStack();
    const [caller, callee] = await signOnBoth(options, stack);
    const { response, dialog } = await caller.invites(callee.aor, { sdp: CHAT });
    if (response.status !== 200) throw new Error(`no conversation: ${response.startLine}`);
    const invite = await callee.receivesRequest("INVITE");
    const kept = stack.move();
    const alice = new FilePerson(caller, dialog, kept);
    return new FileStory(alice, new FilePerson(callee, callee.dialogOf(invite), kept), kept);
  }

  /** As `begin`, with a file offered in the header of the INVITE, which Bob does not look at (lcs.md E2, B1.3). */
  static async beginWithOffer(
    options: StoryOptions,
    file: OfferedFile,
  ): Promise<{
    readonly story: FileStory | undefined;
    readonly status: number;
    readonly cookie: string;
  }> {
    await using stack = new AsyncDisposableStack();
    const [caller, callee] = await signOnBoth(options, stack);
    const cookie = freshCookie();
    const text = fileInvitation(cookie, { name: file.name, size: file.bytes.length });
    const body = Buffer.from(text, "utf8").toString("base64");
    const value = `text/x-msmsgsinvite; charset=UTF-8;ms-body=${body}`;
    const headers = [["ms-text-format", value]] as const;
    const { response, dialog } = await caller.invites(callee.aor, { sdp: CHAT, headers });
    const { status } = response;
    if (status !== 200) return { story: undefined, status, cookie };
    const invite = await callee.receivesRequest("INVITE");
    const kept = stack.move();
    const alice = new FilePerson(caller, dialog, kept);
    const bob = new FilePerson(callee, callee.dialogOf(invite), kept);
    return { story: new FileStory(alice, bob, kept), status, cookie };
  }

  /** Alice offers, Bob accepts, addresses are told, and the side that has to connect does so. */
  async agree(file: OfferedFile, staging: Staging = {}): Promise<AgreedTransfer> {
    const { alice, bob } = this;
    const behindNat = staging.way === "nat";
    const offer = await alice.offers(file, { behindNat, ...offerOptions(staging) });
    assert.equal(offer.answer.status, 200, `the offer: ${offer.answer.startLine}`);
    const invitation = await bob.sees("INVITE", offer.cookie);
    if (behindNat) {
      const { receiver, at } = await bob.acceptsAndListens(invitation, staging.receiving);
      const accepted = await alice.sees("ACCEPT", offer.cookie);
      const sender = alice.delivers(offer, accepted, bob, staging.sending);
      return { offer, invitation, accepted, address: accepted, listening: at, sender, receiver };
    }
    const { keys } = await bob.accepts(invitation);
    const accepted = await alice.sees("ACCEPT", offer.cookie);
    const { sender, at } = await alice.serves(offer, accepted, bob, staging.sending);
    const address = await bob.sees("ACCEPT", offer.cookie);
    const receiver = bob.fetches(invitation, keys, address, staging.receiving);
    return { offer, invitation, accepted, address, listening: at, sender, receiver };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function offerOptions(staging: Staging): { encryption?: string | undefined; size?: number } {
  return {
    ...("encryption" in staging ? { encryption: staging.encryption } : {}),
    ...(staging.size === undefined ? {} : { size: staging.size }),
  };
}

const CHAT = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=session",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=x-ms-message 5060 sip null",
  "a=accept-types:text/plain text/html text/x-msmsgsinvite",
  "",
].join("\r\n");

async function signOnBoth(
  options: StoryOptions,
  stack: AsyncDisposableStack,
): Promise<readonly [SipClient, SipClient]> {
  const { gateway, transport = "tcp", password } = options;
  const open = async (name: string, epid: string): Promise<SipClient> =>
    stack.use(
      await SipClient.signOn({
        name,
        gateway,
        transport,
        ...(password === undefined ? {} : { password }),
        ...(options.tls === undefined ? {} : { tls: options.tls }),
        ...(options.address === undefined ? {} : { address: options.address }),
        ...(options.lcs === false ? {} : { epid }),
      }),
    );
  const caller = await open(options.sender ?? "alice", "0a0a0a0a0a");
  return [caller, await open(options.receiver ?? "bob", "0b0b0b0b0b")];
}

/**
 * The address that a peer saw is the gateway's and not the other peer's: host, a port of the range, PortX that fits, a
 * cookie of its own, and no second address beside it. Throws an AssertionError.
 */
export function assertRewritten(
  seen: InvitationText,
  real: ListeningAt,
  relay: { readonly host: string; readonly ports: readonly [first: number, last: number] },
): void {
  const { address } = seen;
  assert.ok(address !== undefined, `no address in ${seen.text}`);
  assert.equal(address.address, relay.host);
  const [first, last] = relay.ports;
  assert.ok(address.port >= first && address.port <= last, `port ${address.port}`);
  assert.notEqual(address.port, real.port);
  assert.equal(address.portX, disguised(address.port));
  assert.notEqual(address.authCookie, real.authCookie);
  const other = seen.fields.filter(([name]) => name.endsWith("-internal"));
  assert.deepEqual(other, []);
  for (const secret of [`${real.port}`, `${disguised(real.port)}`, real.authCookie]) {
    assert.ok(!seen.fields.some(([, value]) => value === secret), `${secret} in ${seen.text}`);
  }
}
