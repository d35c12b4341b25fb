import { z } from "zod";
import { LIST_TYPES, type ListType } from "./condition.ts";
import {
  conditionSchema,
  exceptionSchema,
  type ConditionData,
  type ExceptionData,
} from "./condition-schema.ts";
import type { Severity } from "./decision.ts";
import { effectsSchema, SEVERITIES, type EffectsData } from "./effect-schema.ts";
import type { Phase } from "./facts.ts";
import { PHRASE_NORMALIZATIONS, type PhraseNormalization } from "./phrase-finder.ts";
import { inlineTestSchema, type InlineTest } from "./test-schema.ts";
import { choice, oneOrMore, section, text } from "./vocabulary.ts";

/**
 * The schema of a rule file (RULES.md §2), single source for validation and for the JSON Schema that editors use.
 * It says which keys and shapes there are; what names refer to is seen by the linker (compile.ts).
 * Every refused key of the rule language that is not built yet says so.
 */
export interface RuleFile {
  readonly version: 1;
  readonly defaults?: DefaultsData | undefined;
  readonly zones?: Readonly<Record<string, ZoneData>> | undefined;
  readonly lists?: Readonly<Record<string, ListData>> | undefined;
  readonly groups?: Readonly<Record<string, GroupData>> | undefined;
  readonly objects?: Readonly<Record<string, ConditionData>> | undefined;
  readonly templates?: Readonly<Record<string, TemplateData>> | undefined;
  readonly rules?: readonly RuleData[] | undefined;
  readonly overrides?: readonly OverrideData[] | undefined;
  readonly policies?: readonly PolicyData[] | undefined;
  readonly tests?: readonly InlineTest[] | undefined;
}

export type Mode = "enforce" | "monitor" | "off";

interface DefaultsData {
  readonly mode?: Mode | undefined;
  readonly severity?: Severity | undefined;
  readonly verdict?: "allow" | "block" | undefined;
  readonly language?: string | undefined;
}

export interface ZoneData {
  readonly hosts?: readonly string[] | undefined;
  readonly suffixes?: readonly string[] | undefined;
  readonly cidrs?: readonly string[] | undefined;
  readonly single_label?: boolean | undefined;
}

export interface ListData {
  readonly type: ListType;
  readonly items?: readonly string[] | undefined;
  /** Read by config; what it holds comes as a feed (list-feed.ts). */
  readonly file?: string | undefined;
  readonly format?: string | undefined;
  readonly refresh?: "watch" | undefined;
  readonly on_missing?: OnMissing | undefined;
  readonly allow_shrink?: boolean | undefined;
  readonly match?: "word" | "substring" | undefined;
  readonly normalize?: readonly PhraseNormalization[] | undefined;
}

export type OnMissing = "fail" | "empty" | "last-good";

export interface GroupData {
  readonly aors?: readonly string[] | undefined;
  readonly domains?: readonly string[] | undefined;
  readonly members_file?: string | undefined;
  readonly refresh?: "watch" | undefined;
  readonly on_missing?: OnMissing | undefined;
  readonly allow_shrink?: boolean | undefined;
}

/** Language → text with macros. */
export type TemplateData = Readonly<Record<string, string>>;

export interface RuleData {
  readonly id: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly tags?: string | readonly string[] | undefined;
  readonly references?: string | readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly expires?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly mode?: Mode | undefined;
  readonly error_is?: "match" | "no-match" | undefined;
  readonly on?: Phase | readonly Phase[] | undefined;
  readonly when?: ConditionData | undefined;
  readonly unless?: readonly ExceptionData[] | undefined;
  readonly then: EffectsData;
  readonly tests?: readonly InlineTest[] | undefined;
}

export interface OverrideData {
  readonly rule: string;
  readonly enabled?: boolean | undefined;
  readonly mode?: Mode | undefined;
  readonly add_unless?: readonly ExceptionData[] | undefined;
}

/** What a policy makes of rules that disarm links: refuse the message, disarm, or only put the notice. */
export type LinkMode = "block" | "disable" | "warn";

export interface PolicyData {
  readonly name: string;
  readonly when?: ConditionData | undefined;
  readonly use?: readonly string[] | undefined;
  readonly link_mode?: LinkMode | undefined;
  readonly language?: string | undefined;
}

/** Formats of list files. */
export const LIST_FORMAT: RegExp = /^(?:lines|hosts|csv:[1-9]\d?)$/;

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

const mode = choice(["enforce", "monitor", "off"]);

const severity = choice(SEVERITIES);

const names = z.string().regex(ID, "must be small letters, digits and -");

const language = names.optional().meta({
  description: "Of the texts of templates, as de or pt-br; else English, else a template's first.",
});

const zone = section({
  hosts: z.array(text()).optional().meta({ description: "Host names, compared whole." }),
  suffixes: z.array(text()).optional().meta({ description: "Domains with all names under them." }),
  cidrs: z.array(text()).optional().meta({ description: "Networks, for links to addresses." }),
  single_label: z
    .boolean()
    .optional()
    .meta({ description: "Names without a dot (http://wiki/) belong to the zone." }),
}).meta({ description: "Hosts that belong together; the zone intranet is not internet." });

/** Of lists and groups whose entries stand in a file of their own. */
const ofFile = {
  refresh: choice(["watch"])
    .optional()
    .meta({ description: "watch: read anew when the file changes; else at a reload only." }),
  on_missing: choice(["fail", "empty", "last-good"]).optional().meta({
    description:
      "No file: fail (default) refuses it, empty holds nothing, last-good keeps what was read last.",
  }),
  allow_shrink: z
    .boolean()
    .optional()
    .meta({ description: "Take a file that has less than half of its entries left." }),
};

const list = section({
  type: choice(LIST_TYPES).meta({ description: "How entries are compared." }),
  items: z.array(text()).optional().meta({ description: "The entries." }),
  file: text().optional().meta({ description: "A file of entries, one a line; # comments." }),
  format: z
    .string()
    .regex(LIST_FORMAT, "unknown format: write lines, hosts or csv:2")
    .optional()
    .meta({ description: "lines (default), hosts (as /etc/hosts), or csv:N, the Nth column." }),
  ...ofFile,
  match: choice(["word", "substring"])
    .optional()
    .meta({ description: "Lists of type phrase: whole words (default) or anywhere." }),
  normalize: z
    .array(choice(PHRASE_NORMALIZATIONS))
    .optional()
    .meta({ description: "Lists of type phrase: differences that do not count." }),
});

const group = section({
  aors: z.array(text()).optional().meta({ description: "Addresses of record." }),
  domains: z.array(text()).optional().meta({ description: "Domains with all names under them." }),
  members_file: text()
    .optional()
    .meta({ description: "A file of addresses of record, one a line; # comments." }),
  ...ofFile,
});

const rule = section({
  id: z
    .string()
    .regex(ID, "must be small letters, digits and -, at most 64")
    .meta({ description: "Unique and permanent; stands in records." }),
  title: text().optional().meta({ description: "One line for people; {rule.title}." }),
  description: text().optional(),
  severity: severity.optional(),
  tags: oneOrMore(text()).optional(),
  references: oneOrMore(text()).optional(),
  owner: text().optional(),
  expires: z.iso
    .date("is not a date: write YYYY-MM-DD")
    .optional()
    .meta({ description: "Last day (UTC) on which the rule is in force." }),
  enabled: z.boolean().optional(),
  mode: mode.optional().meta({ description: "monitor records and changes nothing." }),
  error_is: choice(["match", "no-match"])
    .optional()
    .meta({ description: "How a failure of the rule counts; by default against what passes." }),
  on: oneOrMore(choice(["message", "session", "file"]))
    .optional()
    .meta({ description: "Default: the earliest phase in which every used field exists." }),
  when: conditionSchema.optional(),
  unless: z.array(exceptionSchema).optional().meta({ description: "Named exceptions." }),
  // oxlint-disable-next-line unicorn/no-thenable -- the key of the rule language; nobody awaits a schema
  then: effectsSchema,
  tests: z.array(inlineTestSchema).optional(),
});

const override = section({
  rule: text().meta({ description: "Id of a rule in another file." }),
  enabled: z.boolean().optional(),
  mode: mode.optional(),
  add_unless: z.array(exceptionSchema).optional(),
});

const policy = section({
  name: text(),
  when: conditionSchema
    .optional()
    .meta({ description: "By sender, receiver, direction, channel." }),
  use: z.array(text()).optional().meta({ description: "Packs in force, in this order." }),
  link_mode: choice(["block", "disable", "warn"])
    .optional()
    .meta({ description: "What rules that disarm links do under this policy." }),
  language,
});

export const ruleFileSchema: z.ZodType<RuleFile> = section({
  version: z.literal(1, "must be 1").meta({ description: "Version of the rule language." }),
  defaults: section({
    mode: mode.optional(),
    severity: severity.optional(),
    verdict: choice(["allow", "block"])
      .optional()
      .meta({ description: "For messages and sessions that no rule decided." }),
    language,
  }).optional(),
  zones: z.record(names, zone).optional(),
  lists: z.record(names, list).optional(),
  groups: z.record(names, group).optional(),
  objects: z.record(names, conditionSchema).optional().meta({ description: "Named conditions." }),
  templates: z.record(names, z.record(names, text())).optional(),
  rules: z.array(rule).optional(),
  overrides: z.array(override).optional(),
  policies: z.array(policy).optional(),
  tests: z.array(inlineTestSchema).optional(),
}).meta({ title: "Sluice rule file" });

/** JSON Schema (draft-7) of a rule file, for editors and `sluice schema rules`. */
export function ruleFileJsonSchema(): unknown {
  return z.toJSONSchema(ruleFileSchema, { target: "draft-7", io: "input", reused: "ref" });
}
