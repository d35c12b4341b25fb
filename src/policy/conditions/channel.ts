import { z } from "zod";
import { defineCondition, matcherOf, type ConditionFamily } from "../condition.ts";
import type { Channel } from "../facts.ts";
import { choiceLeaf, chosen, type ChoiceLeaf } from "../leaf-schema.ts";

const CHANNELS = [
  "sip-message",
  "sip-invite",
  "msnftp",
  "msrp",
  "rcs-http",
  "t120",
  "lync-ft",
] as const satisfies readonly Channel[];

const TRANSPORTS = ["udp", "tcp", "tls", "ws", "wss"] as const;

/** `channel`: how the message or the file travels. */
export const channelCondition: ConditionFamily = defineCondition({
  family: "channel",
  schema: choiceLeaf(CHANNELS, "How the message or the file travels."),
  phases: { "": "message" },
  everywhere: true,
  compile(data) {
    const values = chosen(data, CHANNELS);
    const field = {
      field: "channel",
      test: (channel: Channel) => values.has(channel),
      show: String,
    };
    return matcherOf(1, [field], (facts) => facts.channel);
  },
});

/** Whether a channel condition excludes plain messages; a rule with no other content field is then about invitations. */
export function isAboutSessions(data: unknown): boolean {
  const values = chosen(data as ChoiceLeaf<Channel>, CHANNELS);
  return values.size > 0 && !values.has("sip-message");
}

/** `transport`: what the request came in over. */
export const transportCondition: ConditionFamily = defineCondition({
  family: "transport",
  schema: choiceLeaf(TRANSPORTS, "What the request came in over."),
  phases: { "": "message" },
  everywhere: true,
  compile(data) {
    const values: ReadonlySet<string> = chosen(data, TRANSPORTS);
    const field = {
      field: "transport",
      test: (transport: string) => values.has(transport),
      show: String,
    };
    return matcherOf(1, [field], (facts) => facts.transport);
  },
});

/** `encrypted`: whether the request came in over TLS. */
export const encryptedCondition: ConditionFamily = defineCondition({
  family: "encrypted",
  schema: z.boolean().meta({ description: "The request came in over TLS." }),
  phases: { "": "message" },
  everywhere: true,
  compile(data) {
    const field = {
      field: "encrypted",
      test: (encrypted: boolean) => encrypted === data,
      show: String,
    };
    return matcherOf(1, [field], (facts) => facts.encrypted);
  },
});
