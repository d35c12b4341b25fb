import { z } from "zod";
import { section, text } from "../policy/vocabulary.ts";
import { sizeSchema, type SizeText } from "./quantities.ts";

/** `relay:` of sluice.yaml as written. */
export interface RelayData {
  readonly msnftp?: "off" | { readonly ports?: string | number | undefined } | undefined;
  readonly max_file_size?: SizeText | undefined;
  readonly max_transfers?: number | undefined;
}

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
