import { describe, expect, it } from "vitest";
import { CodedError } from "../base/coded-error.ts";
import type { ListenAddress } from "../config/config.ts";
import { openListeners, type Listeners } from "./open-listeners.ts";

function at(url: string): ListenAddress {
  const [transport = "", rest = ""] = url.split("://");
  const [address = "", port = ""] = rest.split(":");
  return { transport: transport as ListenAddress["transport"], address, port: Number(port) };
}

/** Opens on a machine where the ports of `taken` are others'; gives the side towards the server as URLs. */
async function serverSide(
  listen: readonly string[],
  serverTransports: readonly ListenAddress["transport"][],
  taken: readonly number[] = [],
): Promise<readonly string[]> {
  const transport = {
    async listen({ address, port }: ListenAddress) {
      if (taken.includes(port)) throw new CodedError("LISTEN_FAILED", `${port} is taken`);
      return { address, port };
    },
  };
  const { server }: Listeners = await openListeners(transport, {
    listen: listen.map(at),
    upstreamFrom: [],
    serverTransports: new Set(serverTransports),
  });
  return server.map((one) => `${one.transport}://${one.address}:${one.port}`);
}

describe("openListeners", () => {
  it("faces the server from the first free port above the listener of that transport", async () => {
    const listen = ["udp://10.0.0.1:5060", "tcp://10.0.0.2:5070"];
    expect(await serverSide(listen, ["tcp"])).toEqual(["tcp://10.0.0.2:5071"]);
    expect(await serverSide(listen, ["tcp"], [5071, 5072])).toEqual(["tcp://10.0.0.2:5073"]);
    expect(await serverSide(listen, ["tls"])).toEqual(["tls://10.0.0.1:5061"]);
  });

  it("does not take the ports above those of the web, which mean something else", async () => {
    expect(await serverSide(["wss://10.0.0.1:443"], ["tcp"])).toEqual(["tcp://10.0.0.1:5060"]);
    expect(await serverSide(["ws://10.0.0.1:80"], ["udp"], [5060])).toEqual([
      "udp://10.0.0.1:5061",
    ]);
    const mixed = ["wss://10.0.0.1:443", "udp://10.0.0.2:5060"];
    expect(await serverSide(mixed, ["tcp"])).toEqual(["tcp://10.0.0.2:5061"]);
    expect(await serverSide(["ws://127.0.0.1:0"], ["tcp"])).toEqual(["tcp://127.0.0.1:0"]);
  });
});
