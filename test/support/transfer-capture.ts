import { readInvitation, type Invitation } from "../../src/wire/msnftp/invitation.ts";
import { createChunkWriter } from "../../src/wire/msnftp/chunk-writer.ts";
import { serializeControlLine } from "../../src/wire/msnftp/control-line.ts";
import { createFileReceiver } from "../../src/wire/msnftp/file-receiver.ts";
import { createFileSender } from "../../src/wire/msnftp/file-sender.ts";
import { readMsTextFormat } from "../../src/wire/msnftp/ms-text-format.ts";
import { deriveKeys, type SecureKeys } from "../../src/wire/msnftp/secure-keys.ts";
import { createSipFramer } from "../../src/wire/sip/framer.ts";

/** One file transfer between two clients, as it went over the wire with nothing of ours between. */
export interface TransferCapture {
  /** Which client, and what is special about it. */
  readonly about: string;
  /** The requests that carried invitations: first all of the sender's, then the receiver's. */
  readonly sip: readonly string[];
  /** Address of record of the receiver, without its scheme: what it shows in USR. */
  readonly receiver: string;
  /** Both ways of the file's connection, base64. */
  readonly fromReceiver: string;
  readonly fromSender: string;
}

/** What an invitation and its answers agree on. */
export interface AgreedTransfer {
  readonly keys: SecureKeys;
  readonly size: number;
  readonly name: string;
  readonly user: string;
  readonly authCookie: string;
}

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 256, maxBodyBytes: 65_536 };
const RECEIVED = 16_777_989;

/** Reads the invitations as the gateway does, out of their messages and through its framer, cut after so many bytes. */
export function agreedIn({ sip, receiver }: TransferCapture, cut: number): AgreedTransfer {
  const invitations = sip.map((text) => invitationIn(Buffer.from(text), cut));
  const field = (name: string): string =>
    invitations.map(({ fields }) => fields.get(name)).find((value) => value !== undefined) ?? "";
  const keys = deriveKeys(field("encryption-key"), field("hash-key"));
  if (!keys.ok) throw new Error(`no keys: ${keys.problem.field}`);
  const size = Number(field("application-filesize"));
  const name = field("application-file");
  return { keys: keys.value, size, name, user: receiver, authCookie: field("authcookie") };
}

function invitationIn(bytes: Buffer, cut: number): Invitation {
  const framer = createSipFramer(LIMITS);
  const at = cut % bytes.length;
  const frames = [...framer.push(bytes.subarray(0, at)), ...framer.push(bytes.subarray(at))];
  const [frame] = frames;
  if (frames.length !== 1 || frame?.kind !== "message") throw new Error("not one SIP message");
  const { message } = frame;
  const index = message.findName("ms-text-format");
  const value = index < 0 ? undefined : Buffer.from(message.utf8At(index));
  const format = value && readMsTextFormat(value, 0, value.length);
  if (format?.ok === false) throw new Error(format.problem.detail);
  const invitation = readInvitation(format?.value.body ?? message.body);
  if (!invitation.ok) throw new Error(invitation.problem.detail);
  return invitation.value;
}

/** Plays the receiver against the captured sender, cut after so many bytes; what both said, and the content. */
export function playReceiver(
  capture: TransferCapture,
  agreed: AgreedTransfer,
  cut: number,
): { readonly said: Buffer; readonly content: Buffer; readonly proof: unknown } {
  const stream = Buffer.from(capture.fromSender, "base64");
  // Content comes when it has been asked for, and not before.
  const asked = stream.indexOf("\r\n", stream.indexOf("FIL ")) + 2;
  const receiver = createFileReceiver(agreed);
  const said = [receiver.greet()];
  const content: Buffer[] = [];
  const hear = (from: number, to: number): void => {
    for (const [start, end] of cutAt(from, to, cut)) {
      const step = receiver.receive(Buffer.from(stream.subarray(start, end)));
      if (step.problem !== undefined) throw new Error(step.problem.detail);
      if (step.write !== undefined) said.push(step.write);
      if (step.data !== undefined) content.push(step.data);
    }
  };
  hear(0, asked);
  said.push(receiver.request());
  hear(asked, stream.length);
  said.push(receiver.acknowledge(RECEIVED));
  return { said: Buffer.concat(said), content: Buffer.concat(content), proof: receiver.proof };
}

/** Plays the sender of that content against the captured receiver, cut after so many bytes; what it said, MAC included. */
export function playSender(
  capture: TransferCapture,
  agreed: AgreedTransfer,
  content: Buffer,
  cut: number,
): Buffer {
  const stream = Buffer.from(capture.fromReceiver, "base64");
  const asked = stream.indexOf("TFR\r\n") + 5;
  const sender = createFileSender({ protocol: "MSN_SECURE_FTP", ...agreed });
  const said: Buffer[] = [];
  const hear = (from: number, to: number): void => {
    for (const [start, end] of cutAt(from, to, cut)) {
      const step = sender.receive(stream.subarray(start, end));
      if (step.problem !== undefined) throw new Error(step.problem.detail);
      if (step.write !== undefined) said.push(step.write);
    }
  };
  hear(0, asked);
  sender.begin();
  said.push(createChunkWriter(agreed.keys).frame(content));
  sender.finish();
  hear(asked, stream.length);
  if (sender.state !== "acknowledged") throw new Error(`the sender is in state ${sender.state}`);
  const mac = agreed.keys.mac().update(content).digest("base64");
  said.push(serializeControlLine({ kind: "MAC", mac }));
  return Buffer.concat(said);
}

/** [from, to) in two where the cut lies within, else in one. */
function cutAt(from: number, to: number, cut: number): readonly (readonly [number, number])[] {
  const isWithin = cut > from && cut < to;
  return isWithin
    ? [
        [from, cut],
        [cut, to],
      ]
    : [[from, to]];
}
