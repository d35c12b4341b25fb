import ipaddr from "ipaddr.js";
import { below, type ConditionContext } from "./condition.ts";
import type { CidrLeaf } from "./leaf-schema.ts";
import { asList } from "./vocabulary.ts";

/** An address or network, ready to compare. IPv4 written as IPv6 (::ffff:10.0.0.1) is IPv4. */
export interface Network {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** Reads "10.0.0.0/8", "fd00::/8" or a single address; undefined when it is neither. */
export function parseNetwork(text: string): Network | undefined {
  try {
    if (text.includes("/")) {
      const [address, bits] = ipaddr.parseCIDR(text);
      return { address, bits };
    }
    if (!ipaddr.isValid(text) || (!text.includes(":") && !isDottedQuad(text))) return undefined;
    const address = ipaddr.process(text);
    return { address, bits: address.kind() === "ipv4" ? 32 : 128 };
  } catch {
    return undefined;
  }
}

/** Whether an address (an IPv6 one may stand in brackets) lies in one of the networks. */
export function isInNetworks(text: string, networks: readonly Network[]): boolean {
  if (networks.length === 0) return false;
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (!ipaddr.isValid(bare)) return false;
  const address = ipaddr.process(bare);
  return networks.some(
    (network) =>
      network.address.kind() === address.kind() && address.match(network.address, network.bits),
  );
}

/** The networks of a leaf; what is no network is a problem. */
export function compileCidr(leaf: CidrLeaf, context: ConditionContext): readonly Network[] {
  const isMap = typeof leaf === "object" && "cidr" in leaf;
  const values = isMap ? leaf.cidr : leaf;
  const inner = isMap ? below(context, "cidr") : context;
  const networks: Network[] = [];
  for (const [index, text] of asList<string>(values).entries()) {
    const network = parseNetwork(text);
    if (network !== undefined) networks.push(network);
    else {
      const path = typeof values === "string" ? inner.path : [...inner.path, index];
      context.problems.error(path, `"${text}" is not an address or network`, "as in 10.0.0.0/8");
    }
  }
  return networks;
}

function isDottedQuad(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
}
