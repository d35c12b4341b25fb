import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestAuthority } from "../../../support/certificates.ts";
import { GatewayProcess } from "../../../support/gateway-process.ts";
import { freePortRange } from "../../../support/port-range.ts";
import type { GatewaySettings } from "../../../support/write-config.ts";
import { ConnectionLedger } from "../connections.ts";
import { Kamailio } from "../kamailio.ts";
import {
  C_COMPILER,
  KAMAILIO,
  KAMAILIO_TLS,
  LIBPURPLE,
  PIDGIN_SIPE,
  type Requirement,
} from "../requirements.ts";
import { SipePair } from "./sipe-pair.ts";
import { buildSipePeer, type SignOnOptions } from "./sipe-peer.ts";

export interface SipeStageOptions {
  /** The server speaks as one of 2007 does, and the clients with it. */
  readonly ocs2007?: boolean;
  /** Beside what this stage sets itself. */
  readonly settings?: GatewaySettings;
}

/** Ports at which pidgin-sipe waits for the other end of a transfer, first and last (lcs.md B4). */
export const SIPE_PORTS = [6891, 6901] as const;

/**
 * Kamailio, a gateway in front of it that takes clients by TCP and TLS, and the program of the clients. Towards the server
 * it speaks TLS, so that clients that use TLS are served (decision 019). Files go the way that invitations say, though these
 * clients, who all speak from 127.0.0.1 and say otherwise, look as if they were behind NAT.
 */
export class SipeStage implements AsyncDisposable {
  static readonly needs: readonly Requirement[] = [
    KAMAILIO,
    KAMAILIO_TLS,
    C_COMPILER,
    LIBPURPLE,
    PIDGIN_SIPE,
    ConnectionLedger.needs,
  ];
  readonly program: string;
  readonly gateway: GatewayProcess;
  /** Where the relay waits: first of ten ports. */
  readonly firstPort: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    program: string,
    gateway: GatewayProcess,
    firstPort: number,
    stack: AsyncDisposableStack,
  ) {
    this.program = program;
    this.gateway = gateway;
    this.firstPort = firstPort;
    this.#stack = stack;
  }

  static async set({ ocs2007 = false, settings = {} }: SipeStageOptions = {}): Promise<SipeStage> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    const program = await buildSipePeer(folder);
    const authority = stack.use(new TestAuthority());
    const { ca } = authority;
    const theirs = authority.issue({ names: "IP:127.0.0.2" });
    const kamailio = stack.use(await Kamailio.start({ ocs2007, tls: { ...theirs, ca } }));
    const ports = await freePortRange(10);
    const gateway = stack.use(
      await GatewayProcess.start({
        listen: ["tcp://127.0.0.1:0", "tls://127.0.0.1:0"],
        upstream: [{ uri: kamailio.uri("tls"), allow_clear: true }],
        tls: { ...authority.issue({ names: "IP:127.0.0.1" }), ca },
        relay: { msnftp: { ports: ports.text, connects: "as_offered" } },
        ...settings,
      }),
    );
    return new SipeStage(program, gateway, ports.first, stack.move());
  }

  /** Alice and Bob sign on at the gateway. */
  async pair(options: SignOnOptions = {}): Promise<SipePair> {
    const at = this.gateway.at(options.transport ?? "tcp");
    return SipePair.signOn({ ...options, program: this.program, at });
  }

  /** Begins to count what is connected to the relay and to the clients. */
  async ledger(): Promise<ConnectionLedger> {
    const relay = `${this.firstPort}-${this.firstPort + 9}`;
    return ConnectionLedger.watch(`portrange ${SIPE_PORTS.join("-")} or portrange ${relay}`);
  }

  /** Connections to the relay, and those to a client. */
  counted(ledger: ConnectionLedger): { readonly toRelay: number; readonly toClients: number } {
    const { firstPort } = this;
    return { toRelay: ledger.to(firstPort, firstPort + 9), toClients: ledger.to(...SIPE_PORTS) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
