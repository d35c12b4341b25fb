import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keepSending, type Service } from "../support/gateway-figures.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { Address } from "../support/sip-socket.ts";
import type { SipText } from "../support/sip-text.ts";
import type { Exchange } from "../support/udp-tap.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO, SIPVICIOUS } from "./peers/requirements.ts";
import { svcrack, svwar, type ScanResult } from "./peers/sipvicious.ts";

const DOMAIN = "example.test";
/** Of these numbers two are somebody's. */
const RANGE = "1000-1039";
const KNOWN = ["1003", "1017"] as const;
const UNKNOWN = "1021";
const ONE_OF_EACH = [KNOWN[0], UNKNOWN] as const;
const PASSWORD = "secret";
const WRONG = Array.from({ length: 30 }, (_, n) => `word${n}`);
/** By these Kamailio asks everybody for a password; svwar gives up as soon as all get the same, so it is sent to one at a time. */
const CHALLENGED = ["REGISTER", "INVITE"] as const;
/** Whom a scan asks: the server itself, and the gateway before it. */
const SIDES = ["server", "gateway"] as const;

type Side = (typeof SIDES)[number];

describe.skipIf(isMissing([KAMAILIO, SIPVICIOUS]))("svwar and svcrack before Kamailio", () => {
  const stack = new AsyncDisposableStack();
  const scans = new Map<string, ScanResult>();
  let gateway: GatewayProcess;
  let service: Service;

  beforeAll(async () => {
    const kamailio = stack.use(await Kamailio.start({ auth: true }));
    gateway = stack.use(await GatewayProcess.start({ upstream: [kamailio.uri("udp")] }));
    const common = { transport: "udp", gateway: gateway.at("udp"), password: PASSWORD } as const;
    const signOn = async (name: string): Promise<SipClient> =>
      stack.use(await SipClient.signOn({ ...common, name }));
    const [alice] = await Promise.all(["alice", "bob", ...KNOWN].map(signOn));
    const stop = new AbortController();
    const served = keepSending(alice as SipClient, stop.signal);
    await scanBoth({
      server: { address: kamailio.host, port: kamailio.port },
      gateway: gateway.at("udp"),
    });
    stop.abort();
    service = await served;
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  /** Everything at once: most of the time these programs wait whether anything else comes. */
  async function scanBoth(targets: Readonly<Record<Side, Address>>): Promise<void> {
    const keep = async (name: string, scan: Promise<ScanResult>): Promise<void> => {
      scans.set(name, await scan);
    };
    await Promise.all(
      SIDES.flatMap((side) => [
        keep(`OPTIONS ${side}`, svwar(targets[side], "OPTIONS", RANGE, DOMAIN)),
        ...ONE_OF_EACH.flatMap((user) => [
          ...CHALLENGED.map((method) =>
            keep(`${method} ${user} ${side}`, svwar(targets[side], method, user, DOMAIN)),
          ),
          keep(`crack ${user} ${side}`, svcrack(targets[side], user, WRONG, DOMAIN)),
        ]),
        keep(`found ${side}`, svcrack(targets[side], KNOWN[1], [...WRONG, PASSWORD], DOMAIN)),
      ]),
    );
  }

  function scan(name: string, side: Side): ScanResult {
    const result = scans.get(`${name} ${side}`);
    if (result === undefined) throw new Error(`no scan ${name} ${side}`);
    return result;
  }

  it("learn by OPTIONS of the gateway what the server itself tells, and no more", () => {
    const [atServer, atGateway] = SIDES.map((side) => scan("OPTIONS", side)) as [
      ScanResult,
      ScanResult,
    ];
    // It is the server that says who is there: it lets everybody ask.
    expect(Object.keys(atServer.found).sort()).toEqual([...KNOWN]);
    expect(atGateway.found).toEqual(atServer.found);
    expect(finalsByUser(atGateway).size).toBe(40);
    expect(finalsByUser(atGateway)).toEqual(finalsByUser(atServer));
  });

  it.each(CHALLENGED)("get the same answer to %s for whoever is there and is not", (method) => {
    const [known, unknown] = ONE_OF_EACH.map((user) => scan(`${method} ${user}`, "gateway"));
    expect(known?.found).toEqual({});
    expect(unknown?.found).toEqual({});
    expect(shapesOf(known?.exchanges)).toHaveLength(1);
    expect(shapesOf(known?.exchanges)).toEqual(shapesOf(unknown?.exchanges));
    for (const user of ONE_OF_EACH) {
      const finals = SIDES.map((side) => finalsByUser(scan(`${method} ${user}`, side)));
      expect(finals[0]?.get(user)?.[0]).toMatch(/^SIP\/2\.0 40[17] /);
      expect(finals[1]).toEqual(finals[0]);
    }
  });

  it("try passwords in vain alike, whether there is such a user or not", () => {
    const shapes = ONE_OF_EACH.map((user) => {
      const { found, exchanges } = scan(`crack ${user}`, "gateway");
      expect(found).toEqual({});
      const tried = exchanges.filter(
        ({ request }) => request.header("authorization") !== undefined,
      );
      expect(tried).toHaveLength(WRONG.length);
      return shapesOf(tried);
    });
    expect(shapes[0]).toHaveLength(1);
    expect(shapes[0]).toEqual(shapes[1]);
  });

  it("find a password that is in their list, as at the server: they do work through the gateway", () => {
    expect(scan("found", "server").found).toEqual({ [KNOWN[1]]: PASSWORD });
    expect(scan("found", "gateway").found).toEqual({ [KNOWN[1]]: PASSWORD });
  });

  it("cost nobody else a message, and do not bring the gateway down", () => {
    expect(service.statuses.length).toBeGreaterThan(20);
    expect(new Set(service.statuses)).toEqual(new Set([200]));
    expect(gateway.running).toBe(true);
  });
});

/** What was asked about the numbers of the range; svwar begins with one that it makes up. */
function numbered({ exchanges }: ScanResult): readonly Exchange[] {
  return exchanges.filter(({ request }) => /^10[0-3]\d$/.test(userOf(request)));
}

function userOf(request: SipText): string {
  return /sip:(\d+)@/.exec(request.header("to") ?? "")?.[1] ?? "";
}

/** Final status lines by user. That of a retransmission counts once; a 100 says nothing about anybody. */
function finalsByUser(result: ScanResult): ReadonlyMap<string, readonly string[]> {
  return new Map(
    numbered(result).map(({ request, answers }) => {
      const finals = answers.filter(({ status }) => status >= 200);
      return [userOf(request), [...new Set(finals.map(({ startLine }) => startLine))]];
    }),
  );
}

function shapesOf(exchanges: readonly Exchange[] = []): readonly string[] {
  return [...new Set(exchanges.map((exchange) => shapeOf(exchange)))];
}

/** All answers to a request without what is that request's own, or chance. */
function shapeOf({ request, answers }: Exchange): string {
  const own = new Set(["via", "from", "to", "call-id", "cseq"]);
  const texts = answers.map((answer) =>
    [
      answer.startLine,
      ...answer.headers.map(({ raw, name }) => (own.has(name) ? name : raw)),
      answer.text,
    ].join("\n"),
  );
  return [...new Set(texts)]
    .join("\n\n")
    .replaceAll(userOf(request), "USER")
    .replaceAll(/nonce="[^"]*"/g, "nonce");
}
