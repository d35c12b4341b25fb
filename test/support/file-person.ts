import { isIPv4 } from "node:net";
import {
  acceptance,
  cancellation,
  fileInvitation,
  freshCookie,
  INVITATION_TYPE,
  invitationIn,
  type InvitationText,
  type ListeningAt,
  type OfferedFile,
} from "./invitation-text.ts";
import { freshKeys, type FileKeys } from "./msnftp-cipher.ts";
import { FileReceiver, FileSender, type ReceiverFaults, type SenderFaults } from "./msnftp-peer.ts";
import type { ClientDialog, SipClient } from "./sip-client.ts";
import type { SipText } from "./sip-text.ts";

export interface Offer {
  readonly cookie: string;
  readonly file: OfferedFile;
  /** The final response to the invitation. */
  readonly answer: SipText;
}

export interface OfferOptions {
  /** Connectivity: N, the receiver has to listen. */
  readonly behindNat?: boolean;
  /** Undefined: the plain variant. */
  readonly encryption?: string | undefined;
  /** The announced size, where it is not that of the file. */
  readonly size?: number;
  readonly cookie?: string;
}

export interface ServeOptions {
  readonly faults?: SenderFaults;
  /** What the sender checks in USR and gives in its ACCEPT; default nine digits. */
  readonly authCookie?: string;
  /** Says more of its address than it must. */
  readonly internal?: boolean;
  readonly lineTimeoutMs?: number;
}

export interface FetchOptions {
  readonly faults?: ReceiverFaults;
  readonly lineTimeoutMs?: number;
}

/** A user with a conversation open, who sends files or gets them. Disposed of with the story. */
export class FilePerson {
  readonly client: SipClient;
  readonly #dialog: ClientDialog;
  readonly #stack: AsyncDisposableStack;

  constructor(client: SipClient, dialog: ClientDialog, stack: AsyncDisposableStack) {
    this.client = client;
    this.#dialog = dialog;
    this.#stack = stack;
  }

  get name(): string {
    return this.client.name;
  }

  get aor(): string {
    return this.client.aor;
  }

  /** As it stands in USR. */
  get user(): string {
    return this.aor.replace("sip:", "");
  }

  /** It transfers from the address that it speaks SIP from; over WebSocket it knows none. */
  get #here(): { readonly address?: string } {
    const { address } = this.client.local;
    return isIPv4(address) ? { address } : {};
  }

  get callId(): string {
    return this.#dialog.state.callId;
  }

  /** A text in the conversation. */
  async says(text: string): Promise<SipText> {
    return this.#dialog.sends(text);
  }

  /** The next text in the conversation. */
  async hears(timeoutMs?: number): Promise<string> {
    const inTalk = (message: SipText): boolean =>
      message.callId === this.callId && invitationIn(message) === undefined;
    return (await this.client.receives(timeoutMs, inTalk)).text;
  }

  /** The next notice of the gateway. */
  async seesNotice(timeoutMs?: number): Promise<SipText> {
    return this.client.receivesNotice(timeoutMs);
  }

  /** The next invitation message of that command; waits. */
  async sees(
    command: "INVITE" | "ACCEPT" | "CANCEL",
    cookie?: string,
    timeoutMs?: number,
  ): Promise<InvitationText> {
    const fits = (message: SipText): boolean => {
      const found = invitationIn(message);
      return found?.command === command && (cookie === undefined || found.cookie === cookie);
    };
    const message = await this.client.receives(timeoutMs, fits);
    return invitationIn(message) as InvitationText;
  }

  /** Invitation messages that arrived and nobody has asked for. */
  get unseenInvitations(): readonly InvitationText[] {
    return this.client.unread.flatMap((message) => invitationIn(message) ?? []);
  }

  /** A text of the invitation type within the conversation, whatever it says. */
  async sendsInvitation(text: string): Promise<SipText> {
    return this.#dialog.sends(text, { contentType: INVITATION_TYPE });
  }

  async offers(file: OfferedFile, options: OfferOptions = {}): Promise<Offer> {
    const cookie = options.cookie ?? freshCookie();
    const facts = { name: file.name, size: options.size ?? file.bytes.length };
    const answer = await this.sendsInvitation(fileInvitation(cookie, facts, options));
    return { cookie, file, answer };
  }

  /** The receiver wants it; the sender shall say where. Gives the keys that were chosen (none: plain variant). */
  async accepts(
    invitation: InvitationText,
    keys: FileKeys | undefined = keysFor(invitation),
  ): Promise<{ readonly keys: FileKeys | undefined; readonly answer: SipText }> {
    const answer = await this.sendsInvitation(acceptance(invitation.cookie, { keys }));
    return { keys, answer };
  }

  /** The receiver listens, and wants the sender to connect. */
  async acceptsAndListens(
    invitation: InvitationText,
    options: FetchOptions & { readonly internal?: boolean; readonly authCookie?: string } = {},
  ): Promise<{
    readonly receiver: FileReceiver;
    readonly at: ListeningAt;
    readonly answer: SipText;
  }> {
    const keys = keysFor(invitation);
    const authCookie = options.authCookie ?? freshCookie();
    const { size } = invitation.file;
    const receiver = this.#stack.use(
      await FileReceiver.listens({
        ...this.#here,
        keys,
        user: this.user,
        authCookie,
        size,
        ...options,
      }),
    );
    const at = { ...receiver.local, authCookie, internal: options.internal ?? false };
    const text = acceptance(invitation.cookie, { keys, at, senderConnects: true });
    return { receiver, at, answer: await this.sendsInvitation(text) };
  }

  /** The sender listens and says where (direct way, third message). */
  async serves(
    offer: Offer,
    accepted: InvitationText,
    to: FilePerson,
    options: ServeOptions = {},
  ): Promise<{ readonly sender: FileSender; readonly at: ListeningAt; readonly answer: SipText }> {
    const authCookie = options.authCookie ?? freshCookie();
    const { keys } = accepted;
    const content = offer.file.bytes;
    const sender = this.#stack.use(
      await FileSender.listens({
        ...this.#here,
        keys,
        user: to.user,
        authCookie,
        content,
        ...options,
      }),
    );
    const at = { ...sender.local, authCookie, internal: options.internal ?? false };
    const answer = await this.sendsInvitation(acceptance(offer.cookie, { at }));
    return { sender, at, answer };
  }

  /** The sender connects to where the ACCEPT says (NAT way). */
  delivers(
    offer: Offer,
    accepted: InvitationText,
    to: FilePerson,
    options: ServeOptions = {},
  ): FileSender {
    const { address } = accepted;
    if (address === undefined) throw new Error(`no address in ${accepted.text}`);
    const { authCookie } = address;
    const content = offer.file.bytes;
    const common = { ...this.#here, keys: accepted.keys, user: to.user, authCookie, content };
    return this.#stack.use(FileSender.dials(address, { ...common, ...options }));
  }

  /** The receiver connects to where the ACCEPT says (direct way). */
  fetches(
    invitation: InvitationText,
    keys: FileKeys | undefined,
    from: InvitationText,
    options: FetchOptions = {},
  ): FileReceiver {
    const { address } = from;
    if (address === undefined) throw new Error(`no address in ${from.text}`);
    const { size } = invitation.file;
    const common = { ...this.#here, keys, user: this.user, authCookie: address.authCookie, size };
    return this.#stack.use(FileReceiver.dials(address, { ...common, ...options }));
  }

  async cancels(cookie: string, code = "REJECT"): Promise<SipText> {
    return this.sendsInvitation(cancellation(cookie, code));
  }

  async hangsUp(): Promise<SipText> {
    return this.#dialog.ends();
  }
}

function keysFor(invitation: InvitationText): FileKeys | undefined {
  return invitation.field("Encryption") === undefined ? undefined : freshKeys();
}
