import { bootMarkOf } from "./boot-mark.ts";
import { packFlow, unpackFlow, type FlowAddress, type FlowReference } from "./flow-reference.ts";
import { createSealer } from "./sealer.ts";

/**
 * Contact aliases, for a server that knows no Path (RFC 3327): the user part of the URI at the gateway that is registered
 * in place of a client's Contact. It holds the Contact and the flow, sealed as flow tokens are, so nothing is kept: the
 * aliases of UDP clients outlive a restart, that of a connection is good for the connection.
 *
 * The same Contact on the same flow has the same alias: a registration that is refreshed is no second device.
 */
export interface ContactAliases {
  /** The alias of a Contact on a flow; undefined when the Contact is too long to be sealed. */
  seal(contactUri: string, flow: FlowAddress): string | undefined;
  /** What an alias stands for; undefined when it is none of ours. */
  open(alias: string): AliasedContact | undefined;
}

export interface AliasedContact {
  /** As the client wrote it; one character a byte. */
  readonly contactUri: string;
  /** "stale": a connection of an earlier run. */
  readonly flow: FlowReference | "stale";
}

/** A longer Contact would make an alias that servers cut off. */
const MAX_CONTACT_BYTES = 512;
/** The Contact, the longest flow and the seal, in base64. */
const MAX_ALIAS_LENGTH = 1024;

/** Makes the aliases of one gateway; key and `bootId` are those of its flow tokens. */
export function createContactAliases(key: Buffer, bootId: string): ContactAliases {
  const sealer = createSealer(key, "contact alias", MAX_ALIAS_LENGTH);
  const bootMark = bootMarkOf(bootId);
  return {
    seal(contactUri, flow) {
      const contact = Buffer.from(contactUri, "latin1");
      if (contact.length > MAX_CONTACT_BYTES) return undefined;
      const packed = packFlow(flow, bootMark);
      return sealer.seal(Buffer.concat([Buffer.of(packed.length), packed, contact]));
    },
    open(alias) {
      const plain = sealer.unseal(alias);
      if (plain === undefined) return undefined;
      const end = 1 + (plain[0] ?? 0);
      const flow = unpackFlow(plain.subarray(1, end), bootMark);
      return flow === undefined ? undefined : { contactUri: plain.toString("latin1", end), flow };
    },
  };
}
