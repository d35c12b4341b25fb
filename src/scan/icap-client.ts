import { failed, ok, type Result } from "../base/result.ts";
import { exchangeFile, type IcapExchange, type IcapJob } from "./icap-exchange.ts";
import type { IcapPool } from "./icap-pool.ts";
import { IcapReplyParser } from "./icap-reply-parser.ts";
import { optionsRequest, type IcapAddress } from "./icap-request.ts";
import { readIcapOffer, type IcapOffer } from "./icap-offer.ts";
import { onAbort } from "./on-abort.ts";
import type { ScanSource } from "./scan-engine.ts";
import { writeAll } from "./socket-write.ts";

/** What a service says of itself, "busy" when it takes no more at the moment (503), or why there is no answer, in words. */
export type OptionsAnswer = Result<IcapOffer | "busy", string>;

/** Both kinds of request to one service, over the connections of one pool. Never rejects. */
export class IcapClient {
  readonly #pool: IcapPool;
  readonly #address: IcapAddress;

  constructor(pool: IcapPool, address: IcapAddress) {
    this.#pool = pool;
    this.#address = address;
  }

  /**
   * OPTIONS. On a new connection it also shows that new connections are taken; on a kept one it is quick.
   * @param how on a kept connection that turns out to be dead, once more on a new one
   */
  async askOptions(signal: AbortSignal, how: "new" | "kept" = "new"): Promise<OptionsAnswer> {
    const opened = how === "new" ? await this.#pool.fresh(signal) : await this.#pool.take(signal);
    if (!opened.ok) {
      if (opened.problem === "overloaded") return ok("busy");
      return failed(signal.aborted ? "no connection in time" : "no connection");
    }
    const connection = opened.value;
    const stop = onAbort(signal, () => connection.socket.destroy());
    const parser = new IcapReplyParser(() => undefined);
    try {
      connection.listen(parser);
      await writeAll(connection.socket, optionsRequest(this.#address));
      await connection.until(() => parser.state === "whole" || parser.state === "bad");
    } finally {
      stop();
    }
    const isDead = connection.isUsed && parser.bytes === 0;
    if (how === "kept" && parser.isPersistent) this.#pool.keep(connection);
    else connection.socket.destroy();
    if (signal.aborted) return failed("does not answer OPTIONS in time");
    return isDead ? this.askOptions(signal) : offerOf(parser);
  }

  /**
   * One file. On a kept connection that turns out to be dead, once more on a new one.
   * @param chunkBytes in which pieces it is sent
   */
  async send(
    service: IcapOffer,
    source: ScanSource,
    { chunkBytes, signal }: Pick<IcapJob, "chunkBytes" | "signal">,
  ): Promise<IcapExchange> {
    const job = { address: this.#address, service, source, chunkBytes, signal };
    const opened = await this.#pool.take(signal);
    if (!opened.ok) return unanswered(opened.problem);
    const wasUsed = opened.value.isUsed;
    const exchange = await this.#run(opened.value, job);
    const isDead = wasUsed && exchange.isSilent && !signal.aborted;
    if (!isDead || exchange.answer.kind !== "error") return exchange;
    const second = await this.#pool.fresh(signal);
    return second.ok ? this.#run(second.value, job) : unanswered(second.problem);
  }

  async #run(connection: Parameters<typeof exchangeFile>[0], job: IcapJob): Promise<IcapExchange> {
    const exchange = await exchangeFile(connection, job);
    if (exchange.isReusable) this.#pool.keep(connection);
    else connection.socket.destroy();
    return exchange;
  }
}

function unanswered(reason: "down" | "timeout" | "bad-reply" | "overloaded"): IcapExchange {
  return {
    answer: { kind: "error", reason },
    tag: undefined,
    isReusable: false,
    isSilent: true,
  };
}

function offerOf({ head, state }: IcapReplyParser): OptionsAnswer {
  if (head === undefined || state !== "whole") return failed("gives no answer to OPTIONS");
  if (head.status === 503) return ok("busy");
  if (head.status !== 200) return failed(`answers OPTIONS with ${head.status}`);
  return readIcapOffer(head);
}
