import { z } from "zod";
import { choice, section, text } from "../policy/vocabulary.ts";
import type { Connects, MsnftpConfig, TransferSecurityEntry } from "./config.ts";
import { sizeSchema, type SizeText } from "./quantities.ts";

/** `relay.msnftp:` as written. */
export interface MsnftpData {
  readonly ports?: string | number | undefined;
  readonly security?:
    | Level
    | readonly { readonly net: string; readonly level: Level }[]
    | undefined;
  readonly connects?:
    | Connects
    | readonly { readonly net: string; readonly connects: Connects }[]
    | undefined;
  readonly contact?: MsnftpConfig["contact"] | undefined;
}

type Level = TransferSecurityEntry["level"];

/** `relay:` of sluice.yaml as written. */
export interface RelayData {
  readonly msnftp?: "off" | MsnftpData | undefined;
  readonly max_file_size?: SizeText | undefined;
  readonly max_transfers?: number | undefined;
}

const LEVEL = choice(["any", "as_sip", "encrypted", "high"]);

const CONNECTS = choice(["auto", "peer", "gateway", "as_offered"]);

const PORTS = 'expected ports: write "6891-6900", or a single one';

/** The keys of `relay:`, for config-schema.ts. */
export const relaySchema: z.ZodType<RelayData> = section(
  {
    msnftp: z
      .union(
        [
          z.literal("off"),
          section({
            ports: z.union([z.int(), text()], PORTS).optional().meta({
              description:
                'TCP ports for transfers, "6891-6900" or a single one. Default: 6891-6900.',
            }),
            security: z
              .union(
                [
                  LEVEL,
                  z
                    .array(
                      section({
                        net: text().meta({ description: "Peers of this network, CIDR." }),
                        level: LEVEL.meta({ description: "What is asked of them." }),
                      }),
                    )
                    .min(1, "must not be an empty list"),
                ],
                "expected any, as_sip, encrypted or high, or a list of maps with net and level",
              )
              .optional()
              .meta({
                description:
                  "Which transfers may run in clear: any; as_sip, those of peers whose SIP runs in clear; encrypted, none; high, none, and SIP has to come by TLS. Or a list by network, first match. Default: as_sip.",
              }),
            contact: choice(["both", "deferred"]).optional().meta({
              description:
                "When the receiver is connected: both at once, waiting for the verdict, or deferred until the file may be delivered. Default: both.",
            }),
            connects: z
              .union(
                [
                  CONNECTS,
                  z
                    .array(
                      section({
                        net: text().meta({ description: "Peers of this network, CIDR." }),
                        connects: CONNECTS.meta({ description: "Who connects there." }),
                      }),
                    )
                    .min(1, "must not be an empty list"),
                ],
                "expected auto, peer, gateway or as_offered, or a list of maps with net and connects",
              )
              .optional()
              .meta({
                description:
                  "Who opens the connection for a file, a peer or the gateway. auto: as offered, but a peer behind NAT connects to the gateway. Or a list by network, first match. Default: auto.",
              }),
          }),
        ],
        "expected a map with ports, or the word off",
      )
      .optional()
      .meta({ description: "File transfers of the LCS family. Default: ports 6891-6900." }),
    max_file_size: sizeSchema()
      .optional()
      .meta({ description: "A larger file is refused when it is offered. Default: 100MiB." }),
    max_transfers: z
      .int()
      .min(1, "must be at least 1")
      .max(100_000, "is too large")
      .optional()
      .meta({ description: "File transfers under way at a time. Default: 200." }),
  },
  ["msrp", "http"],
).meta({ description: "File transfers go through the gateway; where, and how large." });
