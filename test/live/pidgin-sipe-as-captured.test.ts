import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutStream } from "../support/sip-text.ts";
import {
  agreedIn,
  playReceiver,
  playSender,
  type TransferCapture,
} from "../support/transfer-capture.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { C_COMPILER, isMissing, KAMAILIO, LIBPURPLE, PIDGIN_SIPE } from "./peers/requirements.ts";
import { SipePair } from "./peers/sipe/sipe-pair.ts";
import { buildSipePeer } from "./peers/sipe/sipe-peer.ts";
import { SIPE_PORTS } from "./peers/sipe/sipe-stage.ts";
import { TcpCapture, type CapturedStream } from "./peers/tcp-capture.ts";

const NEEDED = [KAMAILIO, C_COMPILER, LIBPURPLE, PIDGIN_SIPE, TcpCapture.needs];
/** Where the two find each other: the client behind a private address does not listen, and is connected to by nobody. */
const WAYS = [
  { listens: "sender", alice: "127.0.0.1", bob: "127.0.0.1" },
  { listens: "receiver", alice: "192.168.77.7", bob: "127.0.0.1" },
] as const;
const FILE = {
  name: "Grüße, captured.dat",
  bytes: Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251)),
};
/** SLUICE_CAPTURE=write: the files of test/captures are made anew. */
// oxlint-disable-next-line node/no-process-env -- a switch for whoever runs this test
const WRITES = process.env["SLUICE_CAPTURE"] === "write";

describe.skipIf(isMissing(NEEDED))("a transfer of pidgin-sipe, captured", () => {
  const stack = new AsyncDisposableStack();
  let kamailio: Kamailio;
  let program: string;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    program = await buildSipePeer(folder);
    kamailio = stack.use(await Kamailio.start());
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it.each(WAYS)("is read and sent as the client does, the $listens listening", async (way) => {
    const capture = await captured(way);
    if (WRITES) await write(`pidgin-sipe-1.25-${way.listens}-listens`, capture);
    const agreed = agreedIn(capture, 0);
    const played = playReceiver(capture, agreed, 0);
    expect(played.content.equals(FILE.bytes)).toBe(true);
    expect(played.said.toString("base64")).toBe(capture.fromReceiver);
    const sent = playSender(capture, agreed, FILE.bytes, 0);
    expect(sent.toString("base64")).toBe(capture.fromSender);
  });

  async function captured({
    listens,
    alice,
    bob,
  }: (typeof WAYS)[number]): Promise<TransferCapture> {
    const sip = kamailio.port;
    await using capture = await TcpCapture.start(
      `port ${sip} or portrange ${SIPE_PORTS.join("-")}`,
    );
    const at = { address: kamailio.host, port: sip };
    const own = { alice: { claims: alice }, bob: { claims: bob } };
    await using pair = await SipePair.signOn({ program, at, ...own });
    const received = await pair.sends(pair.alice, FILE);
    expect(received?.bytes.equals(FILE.bytes)).toBe(true);
    const streams = await capture.stop();
    const ofFile = streams.filter(({ fromPort, toPort }) => fromPort !== sip && toPort !== sip);
    return {
      about: `pidgin-sipe 1.25.0 on both sides, encrypted, the ${listens} listening`,
      sip: invitationsTo(streams, sip),
      receiver: pair.bob.address,
      fromReceiver: base64Of(ofFile, "USR "),
      fromSender: base64Of(ofFile, "FIL "),
    };
  }
});

/** The requests with invitations that clients sent to the server, in the order in which these connected. */
function invitationsTo(streams: readonly CapturedStream[], port: number): readonly string[] {
  return streams
    .filter(({ toPort }) => toPort === port)
    .flatMap(({ bytes }) => cutStream(bytes).messages)
    .filter((message) => message.isRequest && /text\/x-msmsgsinvite/.test(carrierOf(message)))
    .map(({ bytes }) => bytes.toString("utf8"));
}

function carrierOf(message: { header(name: string): string | undefined }): string {
  return `${message.header("content-type")} ${message.header("ms-text-format")}`;
}

function base64Of(streams: readonly CapturedStream[], line: string): string {
  return streams.find(({ bytes }) => bytes.includes(line))?.bytes.toString("base64") ?? "";
}

async function write(name: string, capture: TransferCapture): Promise<void> {
  const file = fileURLToPath(new URL(`../captures/${name}.json`, import.meta.url));
  await writeFile(file, `${JSON.stringify(capture, undefined, 2)}\n`);
}
