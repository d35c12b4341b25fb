import { z } from "zod";
import { choice, section, text } from "../policy/vocabulary.ts";
import { durationSchema, sizeSchema, type SizeText } from "./quantities.ts";

/** `scan:` of sluice.yaml as written. */
export interface ScanData {
  readonly engines?: readonly EngineData[] | undefined;
  readonly hashes?: readonly string[] | undefined;
  readonly combine?: "worst" | "majority" | "first_available" | undefined;
  readonly timeout?: string | undefined;
  readonly cache?: "off" | CacheData | undefined;
  readonly signature_age?: string | undefined;
  readonly on_infected?: "quarantine" | "block" | undefined;
  readonly on_unscannable?: "block" | "quarantine" | "allow" | undefined;
  readonly on_error?: "block" | "quarantine" | "allow" | undefined;
}

/** `scan.cache` where it is not off. */
export interface CacheData {
  readonly clean?: string | undefined;
  readonly infected?: string | undefined;
  readonly entries?: number | undefined;
}

/** One entry of `scan.engines`; which keys belong to which type, read-scan.ts knows. */
export interface EngineData {
  readonly type: "builtin" | "clamd" | "icap" | "yara";
  readonly socket?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly client?: "instream" | "clamscan" | undefined;
  readonly url?: string | undefined;
  readonly timeout?: string | undefined;
  readonly required?: boolean | undefined;
  readonly max_file_size?: SizeText | undefined;
  readonly rules?: readonly string[] | undefined;
}

const engine = section({
  type: choice(["builtin", "clamd", "icap", "yara"]).meta({
    description:
      "builtin finds the EICAR test file and the files of hashes, and knows no malware; clamd is ClamAV's daemon; icap is a service of an ICAP server; yara are rules of your own.",
  }),
  socket: text().optional().meta({ description: "clamd: path of its unix socket." }),
  host: text().optional().meta({ description: "clamd: name or address, instead of socket." }),
  port: z.int().optional().meta({ description: "clamd: TCP port. Default: 3310." }),
  client: choice(["instream", "clamscan"]).optional().meta({
    description: "clamd: our own client, or the npm package clamscan. Default: instream.",
  }),
  url: text().optional().meta({ description: "icap: of the service, icap://host:1344/service." }),
  timeout: durationSchema().optional().meta({
    description: "icap: of one request. Default: as long as the scan may take.",
  }),
  required: z.boolean().optional().meta({
    description:
      "clamd, icap, yara: without its answer a scan has failed (on_error). Default: true.",
  }),
  rules: z.array(text()).min(1, "must name at least one file or folder").optional().meta({
    description: "yara: files and folders (*.yar, *.yara) of rules. Default: rules/yara/.",
  }),
  max_file_size: sizeSchema().optional().meta({
    description:
      "clamd, icap: the largest file that it takes (clamd's StreamMaxLength and MaxFileSize). Larger files are not sent to it; where it is required they are refused at the offer.",
  }),
});

const cache = z.union(
  [
    z.literal("off"),
    section({
      clean: durationSchema().optional().meta({
        description: "Results clean and unscannable. Default: 10m.",
      }),
      infected: durationSchema().optional().meta({
        description: "Results infected and suspicious. Default: 24h.",
      }),
      entries: z
        .int()
        .min(1, "must be at least 1")
        .max(1_000_000, "is too large")
        .optional()
        .meta({ description: "Contents at most. Default: 10000." }),
    }),
  ],
  "expected off, or clean, infected and entries",
);

/** The keys of `scan:`, for config-schema.ts. */
export const scanSchema: z.ZodType<ScanData> = section({
  engines: z
    .array(engine)
    .min(1, "must name at least one engine")
    .optional()
    .meta({ description: "In the order of asking. Default: the builtin engine." }),
  hashes: z.array(text()).optional().meta({
    description: "Files of SHA-256 hashes of known bad files, one a line, for the builtin engine.",
  }),
  combine: choice(["worst", "majority", "first_available"])
    .optional()
    .meta({ description: "How several results become one. Default: worst." }),
  timeout: durationSchema().optional().meta({ description: "Of one scan. Default: 60s." }),
  cache: cache.optional().meta({
    description:
      "How long results are kept by content, for engines that tell their signature version; or off.",
  }),
  signature_age: z
    .union([z.literal("off"), durationSchema()], "expected off, or a duration such as 7d")
    .optional()
    .meta({
      description:
        "An engine whose signatures are older is used, with a warning; or off. Default: 7d.",
    }),
  on_infected: choice(["quarantine", "block"])
    .optional()
    .meta({ description: "Infected or suspicious, and no rule decided. Default: quarantine." }),
  on_unscannable: choice(["block", "quarantine", "allow"]).optional().meta({
    description: "No engine could look at all of it, and no rule decided. Default: block.",
  }),
  on_error: choice(["block", "quarantine", "allow"])
    .optional()
    .meta({ description: "The engines failed, and no rule decided. Default: block." }),
}).meta({ description: "Scanning of attachments and files." });
