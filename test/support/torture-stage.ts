import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { GatewayProcess } from "./gateway-process.ts";
import { SipClient } from "./sip-client.ts";
import { SipServer } from "./sip-server.ts";
import type { TortureTransport } from "./torture-file.ts";
import { cutStream, SipText } from "./sip-text.ts";
import type { GatewaySettings } from "./write-config.ts";

/** What became of one message that a stranger sent. */
export interface Fate {
  /** Final status that the sender got; 0 when none came. */
  readonly status: number;
  readonly answer: SipText | undefined;
  /** Requests that reached the server of it. */
  readonly forwarded: readonly SipText[];
  /** The gateway has ended the connection (never over UDP). */
  readonly closed: boolean;
}

/**
 * A fate in a word, as the tables of the tests have it: "forwarded" (and the server's 200 came back), "silence", or the
 * status of our own answer; "closed" behind it where the connection was ended too.
 */
export function fateInAWord({ status, forwarded, closed }: Fate): string {
  const answer = status === 0 ? "silence" : String(status);
  const what =
    forwarded.length === 0
      ? answer
      : status === 200 || closed
        ? "forwarded"
        : "forwarded, no answer";
  return closed ? `${what} closed` : what;
}

const ATTACHED = [
  "--b",
  "Content-Type: application/octet-stream",
  'Content-Disposition: attachment; filename="notes.dat"',
  "",
  "words",
  "--b--",
  "",
].join("\r\n");

/** The first file of a gateway waits for the process that looks into it to start: longer than the stage waits. */
async function lookAtAFile(witness: SipClient): Promise<void> {
  const contentType = "multipart/mixed; boundary=b";
  const answer = await witness.sends("sip:bob@example.test", ATTACHED, { contentType });
  if (answer.status >= 500) throw new Error(`a file: ${answer.startLine}`);
}

/** How long the stage waits for a final answer once an honest message has come through behind the odd one. */
const SETTLE_MS = 250;
/** A connection that is to end behind an answer has ended by then. */
const CLOSE_MS = 30;
/** Ports of a sent-by to which an answer may have to go (RFC 3261 §18.2.2): there is no rport in most of these messages. */
const SENT_BY_PORTS = [5060, 5050, 5070, 6050, 19823];

/**
 * A running gateway before a server that says 200 to everything, and strangers who send one message each, from an
 * address of their own, so that no two are taken for one transaction. After each an honest user sends a MESSAGE: it must
 * come through.
 */
export class TortureStage implements AsyncDisposable {
  readonly gateway: GatewayProcess;
  readonly server: SipServer;
  readonly #stack: AsyncDisposableStack;
  readonly #witnesses: Readonly<Record<TortureTransport, SipClient>>;
  /** Branches of requests that were seen at the server: what comes with one of them again is a retransmission. */
  readonly #seen = new Set<string>();
  #strangers = 0;

  private constructor(
    stack: AsyncDisposableStack,
    gateway: GatewayProcess,
    server: SipServer,
    witnesses: Readonly<Record<TortureTransport, SipClient>>,
  ) {
    this.#stack = stack;
    this.gateway = gateway;
    this.server = server;
    this.#witnesses = witnesses;
  }

  static async open(settings: GatewaySettings = {}): Promise<TortureStage> {
    const stack = new AsyncDisposableStack();
    const server = stack.use(await SipServer.open("127.0.0.2"));
    server.answering = 200;
    const gateway = stack.use(
      await GatewayProcess.start({ upstream: [server.uri("udp")], ...settings }),
    );
    const witness = async (transport: TortureTransport): Promise<SipClient> => {
      const options = { name: `witness-${transport}`, transport, gateway: gateway.at(transport) };
      return stack.use(await SipClient.open(options));
    };
    const witnesses = { udp: await witness("udp"), tcp: await witness("tcp") };
    await lookAtAFile(witnesses.tcp);
    return new TortureStage(stack, gateway, server, witnesses);
  }

  /** Sends the bytes and says what became of them; throws when the honest user is not served any more. */
  async send(transport: TortureTransport, bytes: Buffer): Promise<Fate> {
    this.#strangers += 1;
    const address = `127.9.${this.#strangers >> 8}.${this.#strangers & 255 || 1}`;
    const before = this.server.arrived.length;
    await using stranger = await openStranger(transport, address, this.gateway);
    stranger.send(bytes);
    await this.#witness(transport);
    const giveUpAt = performance.now() + SETTLE_MS;
    while (stranger.final() === undefined && performance.now() < giveUpAt) await delay(5);
    const answer = stranger.final();
    if (transport === "tcp") await delay(CLOSE_MS);
    return {
      status: answer?.status ?? 0,
      answer,
      forwarded: this.server.arrived.slice(before).filter((request) => this.#isNew(request)),
      closed: stranger.closed(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #isNew({ branch, callId }: SipText): boolean {
    if (callId.includes("@witness-") || this.#seen.has(branch)) return false;
    this.#seen.add(branch);
    return true;
  }

  async #witness(transport: TortureTransport): Promise<void> {
    const answer = await this.#witnesses[transport].sends("sip:bob@example.test", "still there?");
    if (answer.status !== 200) throw new Error(`the honest user got ${answer.startLine}`);
    if (!this.gateway.running) throw new Error(`the gateway has ended: ${this.gateway.stderr}`);
  }
}

interface Stranger extends AsyncDisposable {
  send(bytes: Buffer): void;
  final(): SipText | undefined;
  closed(): boolean;
}

async function openStranger(
  transport: TortureTransport,
  address: string,
  gateway: GatewayProcess,
): Promise<Stranger> {
  return transport === "udp"
    ? openDatagramStranger(address, gateway)
    : openStreamStranger(address, gateway);
}

async function openDatagramStranger(address: string, gateway: GatewayProcess): Promise<Stranger> {
  const answers: SipText[] = [];
  const sockets = SENT_BY_PORTS.map((port) => {
    const socket = createSocket("udp4", (bytes) => answers.push(new SipText(bytes)));
    socket.bind(port, address);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "listening")));
  const to = gateway.at("udp");
  return {
    send: (bytes) => sockets[0]?.send(bytes, to.port, to.address),
    final: () => answers.find((answer) => answer.status >= 200),
    closed: () => false,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
    },
  };
}

async function openStreamStranger(address: string, gateway: GatewayProcess): Promise<Stranger> {
  const to = gateway.at("tcp");
  const socket = connect({ host: to.address, port: to.port, localAddress: address });
  let received: Buffer = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  await once(socket, "connect");
  return {
    send: (bytes) => void socket.write(bytes),
    final: () => cutStream(received).messages.find((answer) => answer.status >= 200),
    closed: () => socket.destroyed || socket.readableEnded,
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}
