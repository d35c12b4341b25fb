/**
 * Finds the servers that a SIP URI means (RFC 3263 §4): which transport, which addresses and ports, in which order they
 * are tried. What to ask stands in select-server.ts; this asks it.
 *
 * What is found for a sips: URI is TLS, whatever the records say, so that no name server can bring it into the clear. Whom
 * the certificate must name is for the caller: the host that was asked for, never one that a record has brought in
 * (RFC 5922 §4).
 *
 * Does not: SCTP, DNSSEC, search domains.
 * Limits: one deadline for all questions about a name, SERVERS_TRIED servers.
 */
import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { DnsAnswer, DnsClient } from "./dns-records.ts";
import {
  firstStep,
  isUnresolvable,
  naptrSteps,
  orderSrv,
  srvSteps,
  withoutSrv,
  type ServerName,
  type SipTransport,
  type Step,
} from "./select-server.ts";

/** One server: where a request goes. */
export interface LocatedServer {
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
}

/** In the order in which they are tried; at least one. */
export interface Located {
  readonly servers: readonly LocatedServer[];
  /** How long the answer holds. */
  readonly ttlMs: number;
}

/** Why a name leads nowhere: there is none, or nobody has said so in time. */
export type LocateProblem = "no-such-name" | "no-answer";

export interface ServerLocator {
  /** Never rejects. */
  locate(name: ServerName): Promise<Result<Located, LocateProblem>>;
}

export interface LocatorDeps {
  readonly clock: Clock;
  readonly dns: DnsClient;
  /** From 0 to less than 1, for the weights of SRV. */
  readonly random: () => number;
}

export interface LocatorOptions {
  readonly timeoutMs: number;
  /** IPv6 addresses are of use. */
  readonly ipv6: boolean;
  /** We speak TLS: records may lead there also when the URI does not ask for it. */
  readonly tls: boolean;
}

/** However many records there are, a request is not tried at more. */
const SERVERS_TRIED = 8;
const FOREVER_MS = 3_600_000;

export function createServerLocator(deps: LocatorDeps, options: LocatorOptions): ServerLocator {
  return {
    async locate(name) {
      if (isUnresolvable(name.host)) return failed("no-such-name");
      const search = new Search(deps, options, name);
      const late = Promise.withResolvers<undefined>();
      const deadline = deps.clock.schedule(options.timeoutMs, () => late.resolve(undefined));
      try {
        await Promise.race([search.run(), late.promise]);
      } finally {
        deadline.cancel();
      }
      return search.result;
    },
  };
}

/** One search. What it has found so far counts when its time is over. */
class Search {
  readonly #deps: LocatorDeps;
  readonly #options: LocatorOptions;
  readonly #name: ServerName;
  readonly #servers: LocatedServer[] = [];
  #ttlMs = FOREVER_MS;
  #failed = false;
  #done = false;

  constructor(deps: LocatorDeps, options: LocatorOptions, name: ServerName) {
    this.#deps = deps;
    this.#options = options;
    this.#name = name;
  }

  get result(): Result<Located, LocateProblem> {
    if (this.#servers.length === 0) {
      return failed(this.#failed || !this.#done ? "no-answer" : "no-such-name");
    }
    return ok({ servers: [...this.#servers], ttlMs: this.#ttlMs });
  }

  /** RFC 3263 §4.1: for a sips: URI services of TLS alone, for a sip: URI those too. */
  readonly #mayUse = (transport: SipTransport): boolean =>
    transport === "tls" ? this.#name.secure || this.#options.tls : !this.#name.secure;

  async run(): Promise<void> {
    await this.#take(firstStep(this.#name));
    this.#done = true;
  }

  async #take(step: Step): Promise<void> {
    const { host } = this.#name;
    switch (step.kind) {
      case "literal":
        this.#add(step.transport, host, step.port);
        return;
      case "addresses":
        await this.#addresses(step.transport, host, step.port);
        return;
      case "srv":
        if (!(await this.#srv(step))) await this.#take(withoutSrv(this.#name));
        return;
      case "naptr":
        await this.#naptr();
    }
  }

  async #naptr(): Promise<void> {
    const { host } = this.#name;
    const records = this.#records(await this.#deps.dns.naptr(host));
    const found =
      (await this.#srvOfAll(naptrSteps(records, this.#mayUse))) ||
      (await this.#srvOfAll(srvSteps(host, this.#mayUse)));
    if (!found) await this.#take(withoutSrv(this.#name));
  }

  /** True when one of them has records. */
  async #srvOfAll(steps: readonly (Step & { kind: "srv" })[]): Promise<boolean> {
    let found = false;
    for (const step of steps) found = (await this.#srv(step)) || found;
    return found;
  }

  /** True when there are SRV records, whatever their addresses. */
  async #srv({ name, transport }: Step & { kind: "srv" }): Promise<boolean> {
    const records = this.#records(await this.#deps.dns.srv(name));
    for (const { name: target, port } of orderSrv(records, this.#deps.random)) {
      if (this.#servers.length >= SERVERS_TRIED) break;
      if (!isUnresolvable(target)) await this.#addresses(transport, target, port);
    }
    return records.length > 0;
  }

  async #addresses(transport: SipTransport, host: string, port: number): Promise<void> {
    const { dns } = this.#deps;
    const asked = [dns.a(host), ...(this.#options.ipv6 ? [dns.aaaa(host)] : [])];
    for (const answer of await Promise.all(asked)) {
      for (const address of this.#records(answer)) this.#add(transport, address, port);
    }
  }

  /** Once each: records that name one server many times shall not make us knock there as often. */
  #add(transport: SipTransport, address: string, port: number): void {
    const known = this.#servers.some(
      (one) => one.transport === transport && one.address === address && one.port === port,
    );
    if (known || this.#servers.length >= SERVERS_TRIED) return;
    this.#servers.push({ transport, address, port });
  }

  #records<Record>(answer: DnsAnswer<Record>): readonly Record[] {
    if (answer.kind === "failed") this.#failed = true;
    if (answer.kind !== "records") return [];
    this.#ttlMs = Math.min(this.#ttlMs, answer.ttlMs);
    return answer.records;
  }
}
