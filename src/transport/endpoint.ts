import type { Endpoint } from "./flow.ts";

/** "192.0.2.1:5060" or "[2001:db8::1]:5060". */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.address.includes(":")
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

/** Reads what `formatEndpoint` wrote; `undefined` for anything without a port. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (match === null || address === undefined) return undefined;
  return { address, port: Number(match[3]) };
}

/** 0.0.0.0 and ::, which stand for every address of the machine. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
