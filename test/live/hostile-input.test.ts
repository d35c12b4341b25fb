import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { hostileDatagrams, hostileStreams, type HostileInput } from "./hostile-inputs.ts";

/** How long silence must last to count; a refusal comes within milliseconds. */
const SILENCE_MS = 1500;

describe("hostile input over real sockets", () => {
  const stack = new AsyncDisposableStack();
  let server: SipServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    server = stack.use(await SipServer.open("127.0.0.2"));
    server.answering = 200;
    gateway = stack.use(await GatewayProcess.start({ upstream: [server.uri("udp")] }));
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  async function sendDatagram(bytes: Buffer): Promise<string> {
    const { address, port } = gateway.at("udp");
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const answer = once(socket, "message").then(([reply]) => String(reply));
    socket.send(bytes, port, address);
    const first = await Promise.race([answer, delay(SILENCE_MS, "")]);
    socket.close();
    return first;
  }

  async function sendStream(bytes: Buffer): Promise<string> {
    const { address, port } = gateway.at("tcp");
    const socket = connect({ host: address, port });
    let received = "";
    socket.on("error", () => undefined);
    const done = Promise.withResolvers<void>();
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      done.resolve();
    });
    socket.on("close", () => done.resolve());
    await once(socket, "connect");
    socket.write(bytes);
    await Promise.race([done.promise, delay(SILENCE_MS)]);
    socket.destroy();
    return received;
  }

  /** Undefined when the answer is as it should be. */
  function complaint(input: HostileInput, answer: string): string | undefined {
    const status = answer === "" ? 0 : Number(/^SIP\/2\.0 (\d{3}) /.exec(answer)?.[1] ?? -1);
    const fits =
      input.expect === "silence"
        ? status === 0
        : input.expect === "refusal"
          ? status === 0 || status >= 400
          : status === input.expect;
    return fits ? undefined : `${input.name}: ${answer.split("\r\n")[0]}`;
  }

  async function complaintsAbout(
    inputs: readonly HostileInput[],
    send: (bytes: Buffer) => Promise<string>,
  ): Promise<readonly string[]> {
    const answers = await Promise.all(
      inputs.map(async (input) => complaint(input, await send(input.bytes))),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  /** Start lines and names of what reached the server of all this: must stay empty. */
  function leaked(): readonly string[] {
    return server.arrived
      .filter((request) => !request.callId.endsWith("@witness"))
      .map((request) => `${request.startLine} ${request.callId}`);
  }

  async function expectStillServing(): Promise<void> {
    await using witness = await SipClient.open({
      name: "witness",
      transport: "udp",
      gateway: gateway.at("udp"),
    });
    expect((await witness.sends("sip:bob@example.test", "are you there?")).status).toBe(200);
    expect(gateway.running).toBe(true);
  }

  it("sends at least sixty of them", () => {
    const count = hostileDatagrams().length + hostileStreams().length;
    expect(count).toBeGreaterThanOrEqual(60);
  });

  it("refuses or ignores every datagram that cannot be understood, and forwards none", async () => {
    expect(await complaintsAbout(hostileDatagrams(), sendDatagram)).toEqual([]);
    expect(leaked()).toEqual([]);
    await expectStillServing();
  });

  it("refuses or ends every stream that cannot be understood, and forwards nothing of it", async () => {
    expect(await complaintsAbout(hostileStreams(), sendStream)).toEqual([]);
    expect(leaked()).toEqual([]);
    await expectStillServing();
  });

  it("forwards no datagram that was cut anywhere before its end", async () => {
    const whole =
      hostileDatagrams().find((input) => input.expect === 483)?.bytes ?? Buffer.alloc(0);
    const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((whole.length * (i + 1)) / 41));
    const inputs = cuts.map((cut): HostileInput => ({
      name: `cut at ${cut}`,
      bytes: whole.subarray(0, cut),
      expect: "refusal",
    }));
    expect(await complaintsAbout(inputs, sendDatagram)).toEqual([]);
    expect(leaked()).toEqual([]);
    await expectStillServing();
  });
});
