import { describe, expect, it } from "vitest";
import type { TransportName } from "../transport/flow.ts";
import {
  answer,
  bench,
  request,
  UPSTREAM,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";

const AT_UPSTREAM = UPSTREAM.address;

/** A request is on its way to the server; `forger` then sends the answer that the server would. */
function forged(
  transport: TransportName,
  forger: (made: Bench) => FakeFlow,
): { readonly lines: string[]; readonly strays: number } {
  const made = bench({ transport });
  made.send(made.alice, request("REGISTER", { uri: "sip:example.com" }));
  const asked = made.upstream().request();
  made.send(forger(made), answer(asked, 200));
  return { lines: made.alice.takenLines(), strays: made.proxy.counters.strayResponses };
}

describe("an answer to what went to the server", () => {
  const elsewhere: readonly (readonly [string, TransportName, (made: Bench) => FakeFlow])[] = [
    [
      "a WebSocket behind a reverse proxy on the server's machine",
      "tcp",
      ({ network }) => network.peer("ws", `${AT_UPSTREAM}:50001`),
    ],
    [
      "a connection to the clients' listener from the server's machine",
      "tcp",
      ({ network }) => network.peer("tcp", `${AT_UPSTREAM}:50001`),
    ],
    [
      "a datagram with the server's address at the clients' listener",
      "tcp",
      ({ network }) => network.peer("udp", `${AT_UPSTREAM}:5070`),
    ],
    [
      "a datagram with the server's address at the server's listener, of what went by TCP",
      "tcp",
      ({ network }) => network.peer("udp", `${AT_UPSTREAM}:5070`, 5061),
    ],
    ["another client", "udp", ({ bob }) => bob],
  ];

  it.each(elsewhere)("is not taken from %s", (_what, transport, forger) => {
    expect(forged(transport, forger)).toEqual({ lines: [], strays: 1 });
  });

  it("is taken from a connection that the server has opened to our Via", () => {
    const forger = ({ network }: Bench): FakeFlow =>
      network.peer("tcp", `${AT_UPSTREAM}:50001`, 5061);
    expect(forged("tcp", forger)).toEqual({ lines: ["SIP/2.0 200 Reason"], strays: 0 });
  });

  it("is taken from another port of the server over UDP", () => {
    const forger = ({ network }: Bench): FakeFlow =>
      network.peer("udp", `${AT_UPSTREAM}:50001`, 5061);
    expect(forged("udp", forger)).toEqual({ lines: ["SIP/2.0 200 Reason"], strays: 0 });
  });
});
