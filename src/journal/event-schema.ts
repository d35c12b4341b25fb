import { z } from "zod";
import { EVENT_SCHEMA } from "./event-line.ts";

/**
 * What a line of the event log looks like (DESIGN §6, docs/events.md). Programs that read the log must bear keys that
 * they do not know: later versions add groups, and never rename what stands here.
 */
const text = z.string();
const textOrNull = z.string().nullable();
const fileSchema = z
  .looseObject({
    name: text.describe("As it would have been shown; for display only"),
    size: z.number().nullable().describe("Bytes, as declared or counted"),
    sha256: textOrNull.describe("Hex; null when the bytes never passed the gateway"),
    sha1: text.optional().describe("Hex; absent where `sha256` is null"),
    true_type: textOrNull.describe("Type by content; null when the bytes were not seen"),
    quarantine: textOrNull.optional().describe("Id of the kept copy; null when none is kept"),
    sent: z
      .enum(["encrypted", "clear"])
      .optional()
      .describe("How its bytes came over the network; of transfers that got so far"),
  })
  .nullable();

const scanSchema = z.looseObject({
  engine: text,
  result: text.describe("clean, infected, suspicious, unscannable or error"),
  threat: textOrNull,
  reason: textOrNull,
  ms: z.number(),
});

const eventSchema = z
  .looseObject({
    ts: z.iso.datetime().describe("When it was decided: RFC 3339, UTC"),
    schema: z.literal(EVENT_SCHEMA),
    event_id: text.describe("Unique; the same line written twice after a crash bears the same id"),
    type: z.enum([
      "message",
      "session",
      "transfer",
      "scan",
      "quarantine",
      "notify",
      "engine",
      "reload",
      "rule_error",
      "admin",
    ]),
    incident: z
      .string()
      .regex(/^INC-[0-9A-HJKMNP-TV-Z]{8}$/)
      .nullable()
      .describe(
        "Stands in the answer and in the notice to the user; null for what was allowed and for operation events",
      ),
    call_id: textOrNull,
    from: textOrNull.describe("Address of record of the sender"),
    to: z.array(text).describe("Addresses of record of the receivers, at most 64"),
    direction: textOrNull.describe("inbound, outbound, internal or transit"),
    channel: textOrNull.describe(
      "sip-message, sip-invite, msnftp, msrp, rcs-http, t120 or lync-ft",
    ),
    action: z.enum(["allow", "rewrite", "block", "quarantine"]).nullable(),
    rule: textOrNull.describe("Id of the rule that decided"),
    reason: textOrNull.describe(
      "The rule's reason or title; of what was allowed and did not arrive, why; of an operation event, what happened",
    ),
    file: fileSchema,
    scan: z.array(scanSchema),
    delivery: z
      .enum(["forwarded", "delivered", "refused", "failed", "abandoned", "pending"])
      .nullable(),
    status: z.number().int().nullable().describe("Final SIP status that the sender saw"),
    actor: text
      .optional()
      .describe("Of a conference: who has written it, by what its server says (Ms-Sender)"),
    settled_at: z.iso.datetime().optional().describe("When the final response passed"),
    verdict: z
      .looseObject({
        would: z.array(text).optional().describe("Rules in monitor mode that would have acted"),
        rule_title: text.optional(),
        rule_file: text.optional(),
        rule_line: z.number().int().optional(),
        policy: text.optional(),
        severity: text.optional(),
        tags: z.array(text).optional(),
        log: z.array(text).optional().describe("What rules wrote with log:"),
        repeats: z
          .number()
          .int()
          .optional()
          .describe("Further refusals of strangers that this line stands for"),
      })
      .optional(),
    msg: z.looseObject({ urls: z.array(z.looseObject({ defanged: text })).optional() }).optional(),
    route: z
      .looseObject({
        notified: z
          .array(
            z.looseObject({
              audience: text.describe("sender, recipient or admins"),
              state: text.describe(
                "pending, not sent, delivered, accepted, refused, failed, limited, no account or recorded",
              ),
            }),
          )
          .optional(),
      })
      .optional(),
    details: z.looseObject({}).optional().describe("Of operation events: whatever fits the reason"),
  })
  .describe("One line of Sluice's event log");

/** JSON Schema (draft 2020-12) of one line, for `sluice schema event`. */
export function eventJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(eventSchema) };
}
