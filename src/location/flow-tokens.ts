import { createHmac, timingSafeEqual } from "node:crypto";
import { createMac } from "../base/hmac.ts";
import { RecentMap } from "../base/recent-map.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { bootMarkOf } from "./boot-mark.ts";
import { packFlow, unpackFlow, type FlowAddress, type FlowReference } from "./flow-reference.ts";
import { createSealer } from "./sealer.ts";

/**
 * Flow tokens (RFC 5626 §5.2): the user part of our Path and Record-Route URIs, which names the flow to a client and
 * which nobody but us can make or read. Nothing is kept for them: a token is the flow's address, sealed with a key that
 * is on disk, so the tokens of UDP clients outlive a restart. The token of a connection is good for the connection.
 *
 * Sealing is deterministic (sealer.ts): the same flow has the same token, and a Path that is registered again does not
 * look like a second device. A token is 34 characters for UDP over IPv4, about 35 for a connection, 66 for UDP over IPv6.
 *
 * Does not: look flows up, or decide whether a sender may use the token that it presents.
 */
export interface FlowTokens {
  /** The token of a flow; asked for again for the same flow object it costs a look-up. */
  seal(flow: FlowAddress): string;
  /** What a token stands for. "stale": a connection of an earlier run (answer 430); "forged": not made with our key. */
  open(token: string): Result<FlowReference, "forged" | "stale">;
  /**
   * A short text that nobody but us can make for this one: stands in our Record-Route entries, so that a Route which
   * comes back is known to be of that very dialog. Good after a restart.
   */
  prove(text: string): string;
  isProof(text: string, proof: string): boolean;
}

/** Bytes of the key that is handed in. */
const KEY_BYTES = 32;
/** Characters of a proof: 96 bits. */
const PROOF_LENGTH = 16;
/** Longer tokens are not ours: a text form with two scoped addresses stays below. */
const MAX_TOKEN_LENGTH = 256;
/** Tokens whose meaning is remembered: one of an active dialog comes with every request. */
const REMEMBERED_TOKENS = 8192;

/**
 * Makes the tokens of one gateway. `key` is 32 secret bytes that a restart keeps; `bootId` must differ from run to run,
 * so that a token of an old connection never names a new one.
 */
export function createFlowTokens(key: Buffer, bootId: string): FlowTokens {
  if (key.length !== KEY_BYTES) throw new RangeError(`a flow token key has ${KEY_BYTES} bytes`);
  const sealer = createSealer(key, "flow token", MAX_TOKEN_LENGTH);
  const proofMac = createMac(createHmac("sha256", key).update("sluice route proof").digest());
  const bootMark = bootMarkOf(bootId);
  const sealed = new WeakMap<FlowAddress, string>();
  const opened = new RecentMap<FlowReference>(REMEMBERED_TOKENS);

  function seal(flow: FlowAddress): string {
    const known = sealed.get(flow);
    if (known !== undefined) return known;
    const plain = packFlow(flow, bootMark);
    const token = sealer.seal(plain);
    sealed.set(flow, token);
    return token;
  }

  function open(token: string): Result<FlowReference, "forged" | "stale"> {
    const known = opened.get(token);
    if (known !== undefined) return ok(known);
    const plain = sealer.unseal(token);
    const reference = plain === undefined ? undefined : unpackFlow(plain, bootMark);
    if (reference === undefined) return failed("forged");
    if (reference === "stale") return failed("stale");
    opened.set(token, reference);
    return ok(reference);
  }

  function prove(text: string): string {
    return proofMac(text).slice(0, PROOF_LENGTH);
  }

  function isProof(text: string, proof: string): boolean {
    const given = Buffer.from(proof);
    return given.length === PROOF_LENGTH && timingSafeEqual(given, Buffer.from(prove(text)));
  }

  return { seal, open, prove, isProof };
}
