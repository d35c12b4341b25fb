import type { SipClient } from "../../support/sip-client.ts";

const LARGE = "a ".repeat(50_000);

/**
 * The statuses that a large message from one user gets, and that those of somebody else get meanwhile: they share
 * the connections between the servers.
 */
export async function statusesBeside(
  large: readonly [from: SipClient, to: SipClient],
  small: readonly [from: SipClient, to: SipClient],
): Promise<{ readonly large: readonly number[]; readonly small: readonly number[] }> {
  const headers = [["X-Large", "x".repeat(20_000)]] as const;
  const send = async ([from, to]: typeof small, text: string, more = {}): Promise<number> =>
    (await from.sends(to.aor, text, more)).status;
  const largeOnes = Array.from({ length: 4 }, () => send(large, LARGE, { headers }));
  const smallOnes = Array.from({ length: 20 }, (_, i) => send(small, `small ${i}`));
  return { large: await Promise.all(largeOnes), small: await Promise.all(smallOnes) };
}

/** One status for all, as it should be. */
export function allOf(status: number, count: number): readonly number[] {
  return Array.from({ length: count }, () => status);
}
