import type { ConfigProblem } from "./config-problem.ts";
import type { LogLevel } from "./config-schema.ts";

/**
 * The configuration as the gateway uses it: plain, complete, with absolute paths; sizes in bytes, times in milliseconds.
 * What each value means stands in docs/configuration.md.
 */
export interface Config {
  /** The file it was read from, absolute. */
  readonly file: string;
  readonly listen: readonly ListenAddress[];
  /** Where the gateway stands (DESIGN §7). */
  readonly placement: "in_front" | "beside" | "trunk";
  /** On a trunk all servers of `routes`. */
  readonly upstream: Upstream;
  /** On a trunk; empty elsewhere. */
  readonly routes: readonly DomainRouteConfig[];
  /** Local addresses towards the server; empty: chosen by the gateway. */
  readonly upstreamFrom: readonly ListenAddress[];
  /** CIDR, canonical. */
  readonly serverSide: readonly string[];
  /** CIDR, canonical. */
  readonly trusted: readonly string[];
  /** First match by the peer's address; an entry without `net` matches every peer. */
  readonly advertise: readonly AdvertiseEntry[];
  /** Lower case. */
  readonly domains: readonly string[];
  readonly path: "always" | "supported" | "never";
  readonly answerWithinMs: number;
  /** How long transactions and transfers may take after SIGTERM. */
  readonly shutdownGraceMs: number;
  readonly tls: TlsConfig;
  /** How the servers are watched; undefined: not at all. */
  readonly upstreamProbe: UpstreamProbeConfig | undefined;
  /** Larger requests to a server leave by TCP; undefined: whatever there is goes by UDP. */
  readonly udpMtuBytes: number | undefined;
  readonly dns: DnsConfig;
  /** Files and folders, absolute, in their order. */
  readonly rules: readonly string[];
  /** Rule files are read again when they change. */
  readonly watchRules: boolean;
  /** Who notices come from; undefined: no notices. */
  readonly account: AccountConfig | undefined;
  readonly relay: RelayConfig;
  readonly scan: ScanConfig;
  readonly onFailure: OnFailureConfig;
  readonly limits: LimitsConfig;
  readonly webSocket: WebSocketConfig;
  readonly data: DataConfig;
  readonly log: { readonly level: LogLevel; readonly eventsFile: string };
  readonly admin: { readonly socket: string };
  /** What is allowed and still worth a word; `sluice check` shows them. */
  readonly warnings: readonly ConfigProblem[];
}

export interface UpstreamProbeConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** In a row, until a server counts as gone. */
  readonly failures: number;
  /** In a row, until it counts as back. */
  readonly successes: number;
}

export interface DnsConfig {
  /** Addresses, with a port or without; empty: the system's. */
  readonly servers: readonly string[];
  /** All look-ups for one name together. */
  readonly timeoutMs: number;
  readonly cacheEntries: number;
}

export interface AccountConfig {
  /** Address of record, as written: "sip:sluice@example.com". */
  readonly aor: string;
  /** Name in the server's challenges (RFC 3261 §22.4 `username`). */
  readonly user: string;
  /** Never in a log; undefined: challenges are not answered. */
  readonly password: string | undefined;
}

export interface TlsConfig {
  /** PEM files, absolute; the first pair is for who asks for no name that we have. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[];
  /** PEM file of the authorities that vouch for peers; undefined: those of the system. */
  readonly ca: string | undefined;
  /** Servers that we connect to must prove their name. */
  readonly verifyPeer: boolean;
  readonly clientCert: "off" | "optional" | "required";
}

export interface MsnftpConfig {
  /** TCP ports, both ends included. */
  readonly firstPort: number;
  readonly lastPort: number;
  /** Who connects for a file, by the peer's network; the first that fits counts, and where none does: auto. */
  readonly connects: readonly ConnectsEntry[];
  /** When the receiver of a file is connected: with the sender, or after the verdict. */
  readonly contact: "both" | "deferred";
}

/**
 * Who opens the TCP connection between a peer and the gateway. as_offered: as the invitation says. auto: as it says, but a
 * peer behind an address translator, which we could not reach, connects to us.
 */
export type Connects = "auto" | "peer" | "gateway" | "as_offered";

export interface ConnectsEntry {
  /** CIDR; undefined: all peers. */
  readonly net: string | undefined;
  readonly connects: Connects;
}

export interface RelayConfig {
  /** Undefined: such transfers are refused. */
  readonly msnftp: MsnftpConfig | undefined;
  /** First match by the address that SIP comes from; an entry without `net` matches every one. Where none does: as_sip. */
  readonly msnftpSecurity: readonly TransferSecurityEntry[];
  readonly maxFileBytes: number;
  /** At a time. */
  readonly maxTransfers: number;
}

/** How well transfers of some peers must be protected (docs/configuration.md "File transfers"). */
export interface TransferSecurityEntry {
  /** CIDR, canonical. */
  readonly net: string | undefined;
  readonly level: "any" | "as_sip" | "encrypted" | "high";
}

/** What carries SIP, as in `listen` and in the transport parameter of a SIP URI. */
export type TransportName = "udp" | "tcp" | "tls" | "ws" | "wss";

export interface ListenAddress {
  readonly transport: TransportName;
  /** A literal address, IPv6 without brackets. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
}

export type Upstream =
  | { readonly kind: "embedded" }
  | { readonly kind: "servers"; readonly servers: readonly UpstreamServer[] };

export interface UpstreamServer {
  /** As written. */
  readonly uri: string;
  readonly transport: TransportName;
  /** A name or a literal address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** What the URI says itself; the rest may stand in DNS (RFC 3263). */
  readonly portGiven: boolean;
  readonly transportGiven: boolean;
  /** What came in by TLS may go to this server in clear. */
  readonly allowClear: boolean;
}

export interface DomainRouteConfig {
  /** Lower case, no dot at the end. */
  readonly domain: string;
  /** In failover order. */
  readonly servers: readonly UpstreamServer[];
}

export interface AdvertiseEntry {
  /** CIDR, canonical. */
  readonly net: string | undefined;
  readonly sip: string | undefined;
  readonly media: string | undefined;
}

export interface ScanConfig {
  /** In the order of the file; at least one. */
  readonly engines: readonly EngineConfig[];
  /** Files of SHA-256 hashes, absolute. */
  readonly hashFiles: readonly string[];
  readonly combine: "worst" | "majority" | "first_available";
  readonly timeoutMs: number;
  /** Undefined: no results are kept. */
  readonly cache: ScanCacheConfig | undefined;
  /** Signatures that are older are warned of; undefined: none are. */
  readonly signatureAgeMs: number | undefined;
  readonly onInfected: "quarantine" | "block";
  readonly onUnscannable: "block" | "quarantine" | "allow";
  readonly onError: "block" | "quarantine" | "allow";
}

export interface ScanCacheConfig {
  readonly cleanMs: number;
  readonly infectedMs: number;
  readonly entries: number;
}

export type EngineConfig =
  | { readonly type: "builtin" }
  | {
      readonly type: "clamd";
      readonly client: "instream" | "clamscan";
      /** A unix socket (absolute), or a name or literal address (IPv6 without brackets) and its TCP port. */
      readonly address:
        | { readonly path: string }
        | { readonly host: string; readonly port: number };
      readonly required: boolean;
      /** The largest file that it takes; undefined: any. */
      readonly maxBytes: number | undefined;
    }
  | {
      readonly type: "icap";
      /** A name or literal address (IPv6 without brackets), its TCP port, and path and query of the service. */
      readonly address: { readonly host: string; readonly port: number; readonly path: string };
      readonly required: boolean;
      /** Of one request; undefined: as long as the scan may take. */
      readonly timeoutMs: number | undefined;
      readonly maxBytes: number | undefined;
    }
  | {
      readonly type: "yara";
      /** Files and folders of rules, absolute, in their order. */
      readonly rules: readonly string[];
      readonly required: boolean;
    };

export interface OnFailureConfig {
  readonly parseProblem: "block" | "allow";
  readonly opaque: "block" | "allow";
  readonly internalError: "block" | "allow";
}

export interface WebSocketConfig {
  /** Whose pages may connect (RFC 6454), lower case; empty: any. */
  readonly origins: readonly string[];
  /** A connection on which nothing has arrived for so long is pinged. */
  readonly pingMs: number;
}

export interface LimitsConfig {
  readonly maxBodyBytes: number;
  readonly maxHeadBytes: number;
  readonly maxHeaderCount: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly headerTimeoutMs: number;
  readonly idleMs: number;
  readonly sendBufferBytes: number;
  /** Unfinished transactions. */
  readonly inFlight: number;
  /** New requests from one address (IPv6: one /64); undefined: no rate. */
  readonly ratePerSource: { readonly count: number; readonly perMs: number } | undefined;
  /** What new requests are answered with while there is too much to do. */
  readonly overloadCode: 503 | 480 | 500;
  readonly linksPerMessage: number;
  readonly mimeDepth: number;
  readonly attachmentBytes: number;
  /** One text of a message; a longer one would hold up everybody else's. */
  readonly textBytes: number;
  /** Files on their way, all together. */
  readonly spoolBytes: number;
  /** The same of one sender. */
  readonly spoolPerSenderBytes: number;
  /** Files of one sender that are on their way at a time. */
  readonly spoolFilesPerSender: number;
  /** Free space on the disk that the spool leaves. */
  readonly spoolReserveBytes: number;
  /** The part of the disk above which no file is taken, from 0 to 1. */
  readonly spoolHighWater: number;
  /** Space on the disk of `data.dir` that is kept for records when it is full otherwise. */
  readonly recordReserveBytes: number;
  /** Kept files, all together. */
  readonly quarantineBytes: number;
  /** Days after which a kept file is deleted. */
  readonly quarantineDays: number;
  /** Kept files at most. */
  readonly quarantineFiles: number;
  /** Part of the two above which the oldest go. */
  readonly quarantineHighWater: number;
  /** Younger kept files never go to make room. */
  readonly quarantineMinAgeMs: number;
}

export interface DataConfig {
  /** Absolute. */
  readonly dir: string;
  /** Where the key comes from that kept files are sealed with; absent: from a file of our own in `dir`. */
  readonly quarantineKey?: { readonly file: string } | { readonly variable: string };
  /** Files with the keys that were in use before. */
  readonly quarantineOldKeys?: readonly string[];
}
