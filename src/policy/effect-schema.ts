import { z } from "zod";
import { readDuration } from "../base/duration.ts";
import { LINK_STYLES, type LinkStyle, type Severity } from "./decision.ts";
import type { MediaKind } from "../inspect/inspection.ts";
import { MEDIA_KINDS } from "./media-kinds.ts";
import { choice, oneOrMore, section, text } from "./vocabulary.ts";

export const SEVERITIES = ["info", "low", "medium", "high", "critical"] as const;

/** What stands after `then:`. */
export type EffectsData = "allow" | "block" | "quarantine" | EffectMap;

export interface EffectMap {
  readonly allow?:
    | { readonly skip_scan?: boolean | undefined; readonly because?: string | undefined }
    | undefined;
  readonly block?:
    | { readonly respond?: number | undefined; readonly reason?: string | undefined }
    | undefined;
  readonly quarantine?:
    | {
        readonly copy?: boolean | undefined;
        readonly keep?: string | undefined;
        readonly release?: "four-eyes" | undefined;
      }
    | undefined;
  readonly rewrite?: { readonly links: RewriteLinks } | undefined;
  readonly strip?: StripData | undefined;
  readonly notice?: string | NoticeData | undefined;
  readonly replace?: string | Omit<NoticeData, "position"> | undefined;
  readonly notify?:
    | {
        readonly sender?: string | undefined;
        readonly recipient?: string | undefined;
        readonly admins?: string | undefined;
      }
    | undefined;
  readonly tag?: string | readonly string[] | undefined;
  readonly log?: string | undefined;
  readonly set_severity?: Severity | undefined;
}

interface RewriteLinks {
  readonly prefix?: string | undefined;
  readonly style?: LinkStyle | undefined;
}

export interface StripData {
  readonly accept_types?: string | readonly string[] | undefined;
  readonly media?: MediaKind | readonly MediaKind[] | undefined;
}

export interface NoticeData {
  readonly template?: string | undefined;
  readonly text?: string | undefined;
  readonly position?: "prepend" | "append" | undefined;
}

const rewriteLinks = section({
  prefix: z
    .literal("_", 'the only prefix is "_": for other marks name a style')
    .optional()
    .meta({ description: "Put before each link that matched, so that it is no link any more." }),
  style: choice(LINK_STYLES).optional().meta({
    description:
      'How a link is disarmed: underscore (the same as prefix "_"), hxxp[:]//a[.]b, http[:]//a[.]b (brackets), "[link 1]" (zero-link-token), or "[link removed]" (remove).',
  }),
});

const mediaType = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.+_-]*\/[a-z0-9][a-z0-9.+_-]*$/i, "is not a media type: write text/html");

const strip = section({
  accept_types: oneOrMore(mediaType).optional().meta({
    description:
      "Media types that are taken out of what the parties of a session say that they accept, in offer and answer.",
  }),
  media: oneOrMore(choice(MEDIA_KINDS)).optional().meta({
    description: "Media of these kinds are closed (port 0), and the rest of the offer passes.",
  }),
});

const notice = z.union([
  text(),
  section({
    template: text().optional().meta({ description: "Name of a template." }),
    text: text().optional().meta({ description: "The text itself, with macros." }),
    position: choice(["prepend", "append"])
      .optional()
      .meta({ description: "Before the message (default) or after it." }),
  }),
]);

const replacement = z.union([
  text(),
  section({
    template: text().optional().meta({ description: "Name of a template." }),
    text: text().optional().meta({ description: "The text itself, with macros." }),
  }),
]);

const DAY_MS = 86_400_000;

const keep = z.string().refine((written) => {
  const ms = readDuration(written);
  return ms !== undefined && ms >= DAY_MS && ms <= 3650 * DAY_MS;
}, "is not a time from 1d to 3650d: write 30d");

const template = text().optional();

const effectMap = section({
  allow: section({
    skip_scan: z.boolean().optional().meta({
      description: "Skip the guard stage too: what the scan finds is let through.",
    }),
    because: text().optional().meta({ description: "Why; needed with skip_scan." }),
  })
    .optional()
    .meta({ description: "End the phase and let it pass; an allowed session is still scanned." }),
  block: section({
    respond: z
      .int()
      .min(400, "must be a SIP status from 400 to 699")
      .max(699, "must be a SIP status from 400 to 699")
      .optional()
      .meta({ description: "SIP status; absent: 606 or 403, by the dialect of the sender." }),
    reason: text().optional().meta({ description: "For the record and the answer." }),
  })
    .optional()
    .meta({ description: "End the phase and refuse." }),
  quarantine: section({
    copy: z.boolean().optional().meta({
      description: "With block: refuse, and keep what was seen.",
    }),
    keep: keep.optional().meta({
      description: "How long the copy is kept, as 30d; else limits.quarantine_days.",
    }),
    release: choice(["four-eyes"])
      .optional()
      .meta({ description: "The copy is released only when two persons agree; kept with it." }),
  })
    .optional()
    .meta({ description: "End the phase; refuse and keep what was seen for review." }),
  rewrite: section({ links: rewriteLinks })
    .optional()
    .meta({ description: "Disarm the links that matched." }),
  strip: strip
    .optional()
    .meta({ description: "Take out of an offer and its answer what is named; phase session." }),
  notice: notice.optional().meta({ description: "Text put into the message." }),
  replace: replacement.optional().meta({
    description:
      "With block or quarantine, in phase file: the receiver of a transferred file gets this text instead, of the same size.",
  }),
  notify: section({ sender: template, recipient: template, admins: template })
    .optional()
    .meta({ description: "Send a notice, by template." }),
  tag: oneOrMore(text()).optional().meta({ description: "Words for the record." }),
  log: text().optional().meta({ description: "A line for the record, with macros." }),
  set_severity: choice(SEVERITIES).optional().meta({ description: "Severity of the incident." }),
});

export const effectsSchema: z.ZodType<EffectsData> = z
  .union([choice(["allow", "block", "quarantine"]), effectMap])
  .meta({ id: "effects", description: "What happens on a match." });
