import { z } from "zod";
import { section, text } from "../policy/vocabulary.ts";
import { durationSchema, sizeSchema, type SizeText } from "./quantities.ts";

/** The keys of sluice.yaml that say how servers are found and watched, as written. */
export interface RoutingData {
  readonly upstream_probe?: "off" | ProbeData | undefined;
  readonly udp_mtu?: SizeText | undefined;
  readonly dns?: DnsData | undefined;
}

interface ProbeData {
  readonly interval?: string | undefined;
  readonly timeout?: string | undefined;
  readonly failures?: number | undefined;
  readonly successes?: number | undefined;
}

interface DnsData {
  readonly servers?: readonly string[] | undefined;
  readonly timeout?: string | undefined;
  readonly cache?: number | undefined;
}

const count = z.int().min(1, "must be at least 1").max(100, "is too large").optional();

/** The same, for config-schema.ts. */
export const routingSchema: {
  readonly upstream_probe: z.ZodType<RoutingData["upstream_probe"]>;
  readonly udp_mtu: z.ZodType<RoutingData["udp_mtu"]>;
  readonly dns: z.ZodType<RoutingData["dns"]>;
} = {
  upstream_probe: z
    .union(
      [
        z.literal("off"),
        section({
          interval: durationSchema()
            .optional()
            .meta({ description: "From one OPTIONS to the next. Default: 10s." }),
          timeout: durationSchema()
            .optional()
            .meta({ description: "How long one waits for its answer. Default: 2s." }),
          failures: count.meta({
            description: "In a row, until a server counts as gone. Default: 2.",
          }),
          successes: count.meta({ description: "In a row, until it counts as back. Default: 2." }),
        }),
      ],
      "expected a map with interval, or the word off",
    )
    .optional()
    .meta({ description: "OPTIONS to the servers of upstream. Default: every 10s." }),
  udp_mtu: z
    .union([z.literal("off"), sizeSchema()], "expected a number of bytes, or the word off")
    .optional()
    .meta({
      description: "Larger requests to a server leave by TCP instead of UDP. Default: 1300.",
    }),
  dns: section({
    servers: z.array(text()).optional().meta({
      description: 'Name servers, "10.0.0.53" or "10.0.0.53:5353". Default: the system\'s.',
    }),
    timeout: durationSchema()
      .optional()
      .meta({ description: "All look-ups for one name together. Default: 4s." }),
    cache: z
      .int()
      .min(1, "must be at least 1")
      .max(1_000_000, "is too large")
      .optional()
      .meta({ description: "Answers that are remembered. Default: 1000." }),
  })
    .optional()
    .meta({ description: "How names of servers are looked up (RFC 3263)." }),
};
