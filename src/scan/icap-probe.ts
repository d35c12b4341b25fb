import { failed, ok, type Result } from "../base/result.ts";
import type { ServerAnswer } from "./scan-result.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import type { IcapClient } from "./icap-client.ts";
import type { IcapExchange } from "./icap-exchange.ts";
import type { IcapOffer } from "./icap-offer.ts";
import { createMemorySource } from "./memory-source.ts";
import { nestedGzip } from "./nested-gzip.ts";

/** What a probe found out about a service that does its work. */
export interface IcapReport {
  /** The ISTags under which it found EICAR: as OPTIONS named it, and as that response did. */
  readonly tags: ReadonlySet<string>;
  /** It does not call an encrypted archive clean. */
  readonly reportsEncrypted: boolean;
}

/** EICAR goes out in pieces of this size, and its last byte after the preview. */
const EICAR_CHUNK_BYTES = 17;
const CHUNK_BYTES = 4096;

const HARMLESS = Buffer.from(
  "These words are harmless, and an engine that minds them is of no use.\n",
);

/**
 * Whether a service does its work: it finds EICAR in pieces, passes an empty file and harmless bytes, and does not call clean what
 * nests deeper than anybody unpacks: one that does calls clean what it has not looked at, and is of no use as an engine.
 */
export async function probeIcap(
  client: IcapClient,
  service: IcapOffer,
  signal: AbortSignal,
): Promise<Result<IcapReport, string>> {
  async function send(bytes: Buffer, chunkBytes: number): Promise<IcapExchange> {
    return client.send(service, createMemorySource(bytes), { chunkBytes, signal });
  }
  async function scan(bytes: Buffer): Promise<ServerAnswer> {
    const { answer } = await send(bytes, CHUNK_BYTES);
    return answer;
  }
  const { answer: bad, tag } = await send(EICAR, EICAR_CHUNK_BYTES);
  if (bad.kind !== "infected") return failed(`${wordsFor(bad)} of the EICAR test file`);
  const empty = await scan(Buffer.alloc(0));
  if (empty.kind !== "clean") return failed(`${wordsFor(empty)} of an empty file`);
  const good = await scan(HARMLESS);
  if (good.kind !== "clean") return failed(`${wordsFor(good)} of harmless bytes`);
  const deep = await scan(nestedGzip());
  if (deep.kind === "clean" || deep.kind === "error") {
    return failed(`${wordsFor(deep)} of an archive that nobody unpacks to its end`);
  }
  const closed = await scan(encryptedZip());
  if (closed.kind === "error") return failed(`${wordsFor(closed)} of an encrypted archive`);
  const tags = new Set([service.tag, tag === undefined || tag === "" ? service.tag : tag]);
  return ok({ tags, reportsEncrypted: closed.kind !== "clean" });
}

function wordsFor(answer: ServerAnswer): string {
  return `says "${"reason" in answer ? `${answer.kind}: ${answer.reason}` : answer.kind}"`;
}
