import { parseNameAddr } from "./name-addr.ts";
import { canonicalAor } from "./uri.ts";

/**
 * The address of record that a From or To field names, in canonical form; undefined when it names none.
 *
 * @example fieldAor('"Bob" <sip:bob@Example.com;epid=1>;tag=b1') // "sip:bob@example.com"
 */
export function fieldAor(field: string): string | undefined {
  const read = parseNameAddr(field);
  return read.ok ? canonicalAor(read.value.uri) : undefined;
}
