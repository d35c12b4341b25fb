import { describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO, SIPP } from "./peers/requirements.ts";
import { runSipp } from "./peers/sipp.ts";

const MESSAGES = 2000;

describe.skipIf(isMissing([KAMAILIO, SIPP]))("SIPp through the gateway and Kamailio", () => {
  it.each<TestTransport>(["udp", "tcp"])(
    "loses none of 2,000 messages at 400 a second over %s",
    async (transport) => {
      await using kamailio = await Kamailio.start();
      await using gateway = await GatewayProcess.start({ upstream: [kamailio.uri(transport)] });
      await using bob = await SipClient.signOn({
        name: "bob",
        transport,
        gateway: gateway.at(transport),
      });

      const result = await runSipp({
        scenario: "sipp-send",
        transport,
        localAddress: "127.0.0.1",
        remote: gateway.at(transport),
        calls: MESSAGES,
        ratePerSecond: 400,
        timeoutSeconds: 60,
        keys: { domain: "example.test", user: "bob" },
      });

      expect(result).toMatchObject({ code: 0, successful: MESSAGES, failed: 0 });
      const texts = bob.unread.map((message) => message.text);
      expect(texts).toHaveLength(MESSAGES);
      expect(new Set(texts).size).toBe(MESSAGES);
      expect(await gateway.incidents()).toEqual([]);
    },
  );
});
