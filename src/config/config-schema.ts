import { z } from "zod";
import { choice, oneOrMore, section, text } from "../policy/vocabulary.ts";
import {
  durationSchema,
  percentSchema,
  rateSchema,
  sizeSchema,
  type SizeText,
} from "./quantities.ts";
import { relaySchema, type RelayData } from "./relay-schema.ts";
import { routingSchema, type RoutingData } from "./routing-schema.ts";
import { scanSchema, type ScanData } from "./scan-schema.ts";
import { tlsSchema, type TlsData } from "./tls-schema.ts";
import { webSocketSchema, type WebSocketData } from "./websocket-schema.ts";

/**
 * The schema of sluice.yaml (DESIGN §6): which keys there are, their shapes and what they mean. Single source for
 * validation and for the JSON Schema that editors use.
 *
 * It does not know defaults, nor what the values mean together; that is read-config.ts. A key or a word of DESIGN §6
 * that is not built yet is refused with just those words.
 */
export interface ConfigData extends RoutingData {
  readonly listen?: readonly string[] | undefined;
  readonly placement?: "in_front" | "beside" | "trunk" | undefined;
  readonly upstream?: "embedded" | readonly UpstreamData[] | undefined;
  readonly routes?: readonly DomainRouteData[] | undefined;
  readonly upstream_from?: readonly string[] | undefined;
  readonly server_side?: readonly string[] | undefined;
  readonly trusted?: readonly string[] | undefined;
  readonly advertise?: AdvertiseData | readonly AdvertiseEntryData[] | undefined;
  readonly domains?: readonly string[] | undefined;
  readonly path?: "always" | "supported" | "never" | undefined;
  readonly answer_within?: string | undefined;
  readonly shutdown_grace?: string | undefined;
  readonly tls?: TlsData | undefined;
  readonly rules?: readonly string[] | undefined;
  readonly watch_rules?: boolean | undefined;
  readonly account?: AccountData | undefined;
  readonly relay?: RelayData | undefined;
  readonly scan?: ScanData | undefined;
  readonly on_failure?: OnFailureData | undefined;
  readonly limits?: LimitsData | undefined;
  readonly websocket?: WebSocketData | undefined;
  readonly data?: DataData | undefined;
  readonly log?: LogData | undefined;
  readonly admin?: AdminData | undefined;
}

export type UpstreamData =
  | string
  | { readonly uri: string; readonly allow_clear?: boolean | undefined };

export interface DomainRouteData {
  readonly domain: string;
  readonly to: UpstreamData | readonly UpstreamData[];
}

export interface AdvertiseData {
  readonly sip?: string | undefined;
  readonly media?: string | undefined;
}

export interface AdvertiseEntryData extends AdvertiseData {
  readonly net: string;
}

export interface AccountData {
  readonly aor?: string | undefined;
  readonly user?: string | undefined;
  readonly password_file?: string | undefined;
}

export interface OnFailureData {
  readonly parse_problem?: "block" | "allow" | undefined;
  readonly opaque?: "block" | "allow" | undefined;
  readonly internal_error?: "block" | "allow" | undefined;
}

export interface LimitsData {
  readonly body?: SizeText | undefined;
  readonly headers?: SizeText | undefined;
  readonly header_count?: number | undefined;
  readonly connections?: number | undefined;
  readonly connections_per_address?: number | undefined;
  readonly header_timeout?: string | undefined;
  readonly idle?: string | undefined;
  readonly send_buffer?: SizeText | undefined;
  readonly in_flight?: number | undefined;
  readonly rate_per_source?: string | undefined;
  readonly overload_code?: 503 | 480 | 500 | undefined;
  readonly links_per_message?: number | undefined;
  readonly mime_depth?: number | undefined;
  readonly attachment?: SizeText | undefined;
  readonly text?: SizeText | undefined;
  readonly spool?: SizeText | undefined;
  readonly spool_per_sender?: SizeText | undefined;
  readonly spool_files_per_sender?: number | undefined;
  readonly spool_reserve?: SizeText | undefined;
  readonly spool_high_water?: string | undefined;
  readonly record_reserve?: SizeText | undefined;
  readonly quarantine?: SizeText | undefined;
  readonly quarantine_days?: number | undefined;
  readonly quarantine_files?: number | undefined;
  readonly quarantine_high_water?: string | undefined;
  readonly quarantine_min_age?: string | undefined;
}

export interface DataData {
  readonly dir?: string | undefined;
  readonly quarantine_key_file?: string | undefined;
  readonly quarantine_key_env?: string | undefined;
  readonly quarantine_old_keys?: readonly string[] | undefined;
}

export interface LogData {
  readonly level?: LogLevel | undefined;
  readonly events?: string | undefined;
}

export interface AdminData {
  readonly socket?: string | undefined;
  readonly listen?: "off" | undefined;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

const path = text();

const count = z.int().min(1, "must be at least 1").max(1_000_000_000, "is too large").optional();

const upstreamEntry = z.union(
  [
    text(),
    section({
      uri: text().meta({ description: "SIP URI of the server." }),
      allow_clear: z.boolean().optional().meta({
        description: "What came in by TLS may go to this server in clear.",
      }),
    }),
  ],
  "expected a SIP URI, or a map with uri",
);

const advertised = {
  sip: text().optional().meta({ description: "Host in Via, Record-Route and Path." }),
  media: text().optional().meta({ description: "Address in session descriptions." }),
};

const failure = choice(["block", "allow"]).optional();

const onFailure = section({
  parse_problem: failure.meta({ description: "A body that cannot be read without doubt." }),
  opaque: failure.meta({
    description: "Encrypted content, or signed content that a rule would have to change.",
  }),
  internal_error: failure.meta({ description: "The filter failed or took too long." }),
}).meta({ description: "What becomes of a message when it cannot be judged. Default: block." });

const limits = section({
  body: sizeSchema().optional().meta({ description: "Body of a message. Default: 2MiB." }),
  headers: sizeSchema().optional().meta({ description: "All headers together. Default: 64KiB." }),
  header_count: count.meta({ description: "Headers of a message. Default: 200." }),
  connections: count.meta({ description: "Connections from clients. Default: 5000." }),
  connections_per_address: count.meta({ description: "The same from one address. Default: 64." }),
  header_timeout: durationSchema()
    .optional()
    .meta({ description: "From the first byte of a message to its last. Default: 30s." }),
  idle: durationSchema()
    .optional()
    .meta({ description: "A connection so long silent is closed. Default: 10m." }),
  send_buffer: sizeSchema()
    .optional()
    .meta({ description: "Bytes that wait for one peer. Default: 1MiB." }),
  in_flight: count.meta({ description: "Unfinished transactions. Default: 20000." }),
  rate_per_source: rateSchema()
    .optional()
    .meta({ description: "New requests from one address, as 30/2s, or off. Default: off." }),
  overload_code: z
    .union([z.literal(503), z.literal(480), z.literal(500)], "must be 503, 480 or 500")
    .optional()
    .meta({ description: "Answer to new requests while there is too much. Default: 503." }),
  links_per_message: count.meta({ description: "Links in one message. Default: 1000." }),
  mime_depth: count.meta({ description: "Multiparts inside multiparts. Default: 10." }),
  attachment: sizeSchema()
    .optional()
    .meta({ description: "A file inside a message. Default: 1MiB." }),
  text: sizeSchema()
    .optional()
    .meta({ description: "A text inside a message; it is searched for links. Default: 128KiB." }),
  spool: sizeSchema()
    .optional()
    .meta({ description: "Files on their way, all together. Default: 4GiB." }),
  spool_per_sender: sizeSchema()
    .optional()
    .meta({ description: "The same of one sender. Default: 1GiB." }),
  spool_files_per_sender: count.meta({
    description: "Files of one sender that are on their way at a time. Default: 100.",
  }),
  spool_reserve: sizeSchema()
    .optional()
    .meta({ description: "Free space on the disk that the spool leaves. Default: 64MiB." }),
  spool_high_water: percentSchema().optional().meta({
    description: "The part of the disk above which no file is taken, as 95%, or off. Default: 99%.",
  }),
  record_reserve: sizeSchema().optional().meta({
    description: "Space kept for incidents and the event log on a full disk. Default: 16MiB.",
  }),
  quarantine: sizeSchema().optional().meta({ description: "Kept files. Default: 2GiB." }),
  quarantine_days: z
    .int()
    .min(1, "must be at least 1")
    .max(36_500, "is too large")
    .optional()
    .meta({ description: "Days after which a kept file is deleted. Default: 14." }),
  quarantine_files: count.meta({ description: "Kept files at most. Default: 10000." }),
  quarantine_high_water: percentSchema().optional().meta({
    description:
      "Part of quarantine and quarantine_files above which the oldest kept files go; off: only when one more has no room. Default: 90%.",
  }),
  quarantine_min_age: durationSchema()
    .optional()
    .meta({ description: "Younger kept files never go to make room. Default: 24h." }),
}).meta({ description: "Bounds on what peers may cost." });

const schema = section({
  listen: z
    .array(text())
    .min(1, "must name at least one address")
    .optional()
    .meta({ description: "Where clients reach us. Default: udp and tcp on 0.0.0.0:5060." }),
  placement: choice(["in_front", "beside", "trunk"]).optional().meta({
    description:
      "Where the gateway stands: in front of a server, beside a proxy, or on the trunk between servers. Default: in_front.",
  }),
  upstream: z
    .union(
      [z.literal("embedded"), z.array(upstreamEntry).min(1, "must name at least one server")],
      "expected a list of SIP URIs, or the word embedded",
    )
    .optional()
    .meta({
      description:
        "The servers behind us, in the order of preference; or embedded, a small registrar in memory for trials. Required but on a trunk.",
    }),
  routes: z
    .array(
      section({
        domain: text().meta({ description: "Domain in the Request-URI." }),
        to: oneOrMore(upstreamEntry).meta({ description: "Its servers, in their order." }),
      }),
    )
    .min(1, "must name at least one domain")
    .optional()
    .meta({ description: "On a trunk: who serves which domain." }),
  upstream_from: z.array(text()).optional().meta({
    description:
      "Local addresses towards the server. Default: the first free port above the listener.",
  }),
  server_side: z
    .array(text())
    .optional()
    .meta({ description: "Further addresses of the server side, CIDR." }),
  trusted: z
    .array(text())
    .optional()
    .meta({ description: "Clients whose identity headers are kept, CIDR." }),
  advertise: z
    .union(
      [
        section(advertised),
        z.array(
          section({
            net: text().meta({ description: "Peers of this network, CIDR." }),
            ...advertised,
          }),
        ),
      ],
      "expected a map with sip and media, or a list of such maps with net",
    )
    .optional()
    .meta({ description: "Addresses to be named to peers. Default: the local address." }),
  domains: z
    .array(text())
    .optional()
    .meta({ description: "Our domains; they make the direction of a message." }),
  path: choice(["always", "supported", "never"]).optional().meta({
    description:
      "When REGISTER gets a Path header (RFC 3327); never: Contacts at the gateway instead. Default: always.",
  }),
  answer_within: durationSchema()
    .optional()
    .meta({ description: "A final answer to MESSAGE at the latest. Default: 20s." }),
  ...routingSchema,
  shutdown_grace: durationSchema().optional().meta({
    description: "What is under way may take so long after SIGTERM. Default: 30s.",
  }),
  tls: tlsSchema.optional(),
  rules: z
    .array(path)
    .optional()
    .meta({ description: "Rule files and folders, in this order. Default: rules/." }),
  watch_rules: z
    .boolean()
    .optional()
    .meta({ description: "Reload when a rule file changes. Default true." }),
  account: section({
    aor: text().optional().meta({
      description: "Who notices come from. Default: sip:sluice@ the first of domains.",
    }),
    user: text().optional().meta({
      description: "Name in the server's challenges. Default: the user part of aor.",
    }),
    password_file: path.optional().meta({
      description: "File whose first line is the password; nobody else may read it.",
    }),
  })
    .optional()
    .meta({ description: "The gateway's own account." }),
  relay: relaySchema.optional(),
  scan: scanSchema.optional(),
  on_failure: onFailure.optional(),
  limits: limits.optional(),
  websocket: webSocketSchema.optional(),
  data: section({
    dir: path.optional().meta({
      description: "Incident store, spool, quarantine and keys. Default: ./data.",
    }),
    quarantine_key_file: path.optional().meta({
      description:
        "File with the key of the quarantine: 32 bytes, or their text in hex or base64. Default: one that is made in data.dir.",
    }),
    quarantine_key_env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "is no name of an environment variable")
      .optional()
      .meta({ description: "Environment variable with that key, in hex or base64." }),
    quarantine_old_keys: z.array(path).max(16, "has more than 16 files").optional().meta({
      description: "Files with keys that were in use before: what they sealed can be opened.",
    }),
  })
    .optional()
    .meta({ description: "Where the gateway keeps what it must not lose." }),
  log: section({
    level: choice(LOG_LEVELS).optional().meta({ description: "Default: info." }),
    events: path.optional().meta({
      description: "The event log, one JSON object a line. Default: events.ndjson in data.dir.",
    }),
  })
    .optional()
    .meta({ description: "The gateway's own log (to stderr) and the event log." }),
  admin: section(
    {
      socket: path.optional().meta({
        description: "Unix socket for the command line. Default: admin.sock in data.dir.",
      }),
      listen: z
        .literal("off", "an admin listener is not available in this version: write off")
        .optional()
        .meta({ description: "Default: off." }),
    },
    ["token_file"],
  )
    .optional()
    .meta({ description: "How the command line reaches the running gateway." }),
}).meta({ title: "Sluice configuration" });

/** Validates the shape of a configuration. */
export function parseConfigData(data: unknown): z.ZodSafeParseResult<ConfigData> {
  return schema.safeParse(data);
}

/** JSON Schema (draft-7) of sluice.yaml, for editors and `sluice schema config`. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(schema, { target: "draft-7", io: "input" });
}
