import { z } from "zod";
import type { Severity } from "./decision.ts";
import { SEVERITIES } from "./effect-schema.ts";
import type { Channel, Direction, Facts, ScanFacts } from "./facts.ts";
import { MEDIA_KINDS } from "./media-kinds.ts";
import { choice, oneOrMore, section, text } from "./vocabulary.ts";

/** One inline test: what happens, and what the rules have to make of it. */
export interface InlineTest {
  readonly name?: string | undefined;
  readonly given: GivenData;
  readonly expect: ExpectData;
}

/** A message, an offer or a scanned file. What is left out takes the documented defaults. */
export interface GivenData {
  readonly from?: string | GivenParty | undefined;
  readonly to?: string | GivenParty | undefined;
  readonly direction?: Direction | undefined;
  readonly channel?: Channel | undefined;
  readonly transport?: "udp" | "tcp" | "tls" | "ws" | "wss" | undefined;
  readonly encrypted?: boolean | undefined;
  /** What every `rate` has counted, this one included. */
  readonly rate?: number | undefined;
  /** ISO date and time with zone. */
  readonly now?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  /** A whole SIP request, or the file that holds one. */
  readonly message?: string | undefined;
  readonly message_file?: string | undefined;
  readonly media?: Facts["media"][number] | readonly Facts["media"][number][] | undefined;
  readonly file?: GivenFile | undefined;
  readonly scan?: GivenScan | undefined;
}

export interface GivenParty {
  readonly aor?: string | undefined;
  readonly display_name?: string | undefined;
  readonly ip?: string | undefined;
  readonly authenticated?: boolean | undefined;
}

interface GivenFile {
  readonly name?: string | undefined;
  readonly size?: number | string | undefined;
  readonly declared_type?: string | undefined;
  readonly declared_hash?: string | undefined;
  readonly content?: string | undefined;
  readonly true_type?: string | undefined;
  readonly sha256?: string | undefined;
  readonly has_macros?: boolean | undefined;
  readonly archive?: GivenArchive | undefined;
}

/** An archive as its list of members tells it. */
export interface GivenArchive {
  readonly depth?: number | undefined;
  /** Names. */
  readonly members?: readonly string[] | undefined;
  readonly encrypted?: boolean | undefined;
  readonly ratio?: number | undefined;
}

interface GivenScan {
  readonly verdict: ScanFacts["verdict"];
  readonly name?: string | undefined;
  readonly engine?: string | undefined;
  readonly reason?: string | undefined;
}

/** What is compared; what is left out is not. */
export interface ExpectData {
  readonly action?: "allow" | "rewrite" | "quarantine" | "block" | undefined;
  /** Id of the deciding rule; null: none. */
  readonly rule?: string | null | undefined;
  readonly respond?: number | undefined;
  readonly reason?: string | undefined;
  readonly text?: string | undefined;
  readonly policy?: string | undefined;
  readonly tags?: string | readonly string[] | undefined;
  readonly monitored?: string | readonly string[] | undefined;
  /** Template of the notice to each audience; null: none. */
  readonly notify?: ExpectedNotices | undefined;
  readonly incident?: { readonly severity?: Severity | undefined } | undefined;
}

export interface ExpectedNotices {
  readonly sender?: string | null | undefined;
  readonly recipient?: string | null | undefined;
  readonly admins?: string | null | undefined;
}

const party = z.union([
  text(),
  section({
    aor: text().optional(),
    display_name: z.string().optional(),
    ip: text().optional(),
    authenticated: z.boolean().optional(),
  }),
]);

const media = choice(MEDIA_KINDS);

const given = section({
  from: party.optional().meta({ description: "Sender, sip:user@domain or a map." }),
  to: party.optional().meta({ description: "Receiver, sip:user@domain or a map." }),
  direction: choice(["inbound", "outbound", "internal", "transit"])
    .optional()
    .meta({ description: "Default: computed from the two domains." }),
  channel: choice(["sip-message", "sip-invite", "msnftp", "msrp", "rcs-http", "t120", "lync-ft"])
    .optional()
    .meta({ description: "Default: by what is given." }),
  transport: choice(["udp", "tcp", "tls", "ws", "wss"]).optional(),
  encrypted: z.boolean().optional(),
  rate: z.int().min(0).optional().meta({
    description: "What every rate has counted, this one included; default 1.",
  }),
  now: z.iso
    .datetime({ offset: true, error: 'is not a moment: write "2026-11-22T23:10:00+01:00"' })
    .optional(),
  text: z.string().optional().meta({ description: "Plain text of the message." }),
  html: z.string().optional().meta({ description: "HTML text of the message." }),
  message: text().optional().meta({
    description:
      "A whole SIP request as text, in place of text, html, file and media; line ends become CRLF, and Content-Length may be left out.",
  }),
  message_file: text().optional().meta({
    description: "A file that holds the request byte for byte, relative to the rule file.",
  }),
  media: oneOrMore(media).optional(),
  file: section({
    name: z.string().optional(),
    size: z.union([z.number().min(0), text()]).optional(),
    declared_type: text().optional(),
    declared_hash: text().optional(),
    content: z.string().optional().meta({ description: "Its bytes, as text." }),
    true_type: text().optional().meta({ description: "Default: what its content is." }),
    sha256: text().optional().meta({ description: "Default: of its content." }),
    has_macros: z.boolean().optional(),
    archive: section({
      depth: z.int().min(1).optional(),
      members: z.array(text()).optional().meta({ description: "Names." }),
      encrypted: z.boolean().optional(),
      ratio: z.number().min(0).optional(),
    })
      .optional()
      .meta({ description: "Default: what its content is; { members: [a.txt, setup.exe] }." }),
  }).optional(),
  scan: section({
    verdict: choice(["clean", "infected", "suspicious", "unscannable", "error"]),
    name: text().optional(),
    engine: text().optional(),
    reason: text().optional(),
  }).optional(),
});

const notice = z.union([text(), z.null()]).optional();

const expected = section({
  action: choice(["allow", "rewrite", "quarantine", "block"]).optional(),
  rule: z.union([text(), z.null()]).optional().meta({ description: "null: no rule decided." }),
  respond: z.int().optional(),
  reason: text().optional(),
  text: z.string().optional().meta({ description: "The outgoing text." }),
  policy: text().optional(),
  tags: oneOrMore(text()).optional(),
  monitored: oneOrMore(text()).optional().meta({ description: "Rules in monitor mode that hit." }),
  notify: section({ sender: notice, recipient: notice, admins: notice })
    .optional()
    .meta({ description: "Templates of the notices that the rules ask for; null: none." }),
  incident: section({ severity: choice(SEVERITIES).optional() }).optional(),
});

export const inlineTestSchema: z.ZodType<InlineTest> = section({
  name: text().optional(),
  given,
  expect: expected,
}).meta({ id: "test", description: "Run by sluice check." });
