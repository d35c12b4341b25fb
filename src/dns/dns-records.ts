/** What a name server says, as far as SIP needs it (RFC 3263). */

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  /** "SIP+D2U", "SIP+D2T", "SIPS+D2T" and others. */
  readonly service: string;
  readonly replacement: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** The answer to one question: records and how long they hold; `none`: the name has no such records. */
export type DnsAnswer<Record> =
  | { readonly kind: "records"; readonly records: readonly Record[]; readonly ttlMs: number }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly reason: string };

/** Asks the name servers; never rejects. What it does not answer within the caller's deadline is of no use. */
export interface DnsClient {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  /** IPv4 and IPv6 addresses. */
  a(name: string): Promise<DnsAnswer<string>>;
  aaaa(name: string): Promise<DnsAnswer<string>>;
}
