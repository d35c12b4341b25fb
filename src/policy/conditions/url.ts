import { z } from "zod";
import type { Link, LinkCarrier } from "../../inspect/inspection.ts";
import { below, defineCondition, holdsAll, leafTrace, requiredBy } from "../condition.ts";
import type {
  ConditionContext,
  ConditionFamily,
  FieldTest,
  LeafTrace,
  Matcher,
} from "../condition.ts";
import type { Facts } from "../facts.ts";
import type { Field } from "../field-lookups.ts";
import { numberLeaf, quantityOf, textLeaf, type Quantity } from "../leaf-schema.ts";
import { parseLinkPrefix, PREFIX_HINT, type LinkPrefix } from "../link-prefix.ts";
import { compileNumber } from "../number-test.ts";
import { didYouMean } from "../suggest.ts";
import { bestOf, RANK, SOME_LINK, type Requirement } from "../requirement.ts";
import { compileText, DOMAIN, EXTENSION, FREE_TEXT, linkLists } from "../text-test.ts";
import { asList, choice, oneOrMore, section, text } from "../vocabulary.ts";

const LINK_CARRIERS = [
  "text",
  "subject",
  "target",
  "name",
  "header",
  "session",
] as const satisfies readonly LinkCarrier[];

function linkShape() {
  return {
    prefix: z
      .union([text(), z.array(text()).min(1), section({ in_list: oneOrMore(text()) })])
      .optional()
      .meta({ description: "Begins with http: or ftp. or www*. (lists of type prefix), or href." }),
    scheme: textLeaf("Scheme without colon; http where none is written.").optional(),
    host: textLeaf("Host name in ASCII, or address.").optional(),
    registrable_domain: textLeaf("The part of the host that one registers.").optional(),
    zone: z
      .union([text(), z.array(text()).min(1), section({ not: oneOrMore(text()) })])
      .optional()
      .meta({ description: "intranet (see zones), internet (all else), or a zone of your own." }),
    path_extension: textLeaf(
      "Extension in the last segment of the path, never the host.",
    ).optional(),
    carrier: oneOrMore(choice(LINK_CARRIERS)).optional().meta({
      description:
        "Where the link stands: text, subject, target (a Refer-To), name (a display name), header (Call-Info, Alert-Info, Error-Info), session (SDP, conference invitations); all when absent.",
    }),
    port: numberLeaf("Port, where one is written.", false).optional(),
    is_ip: z.boolean().optional().meta({ description: "The host is an address." }),
    has_userinfo: z.boolean().optional().meta({ description: "user@ stands before the host." }),
    punycode: z.boolean().optional().meta({ description: "The host has an xn-- label." }),
    mixed_script: z.boolean().optional().meta({ description: "A label mixes scripts." }),
    lookalike_of: oneOrMore(text())
      .optional()
      .meta({ description: "The host is made to be taken for one of these domains, and is not." }),
  };
}

const linkSchema = section(linkShape());

const schema = section({
  any: z.boolean().optional().meta({ description: "There is a link (or, if false, none)." }),
  every: linkSchema.optional().meta({
    description: "All links satisfy these keys. With no link at all this is false.",
  }),
  ...linkShape(),
}).meta({ description: "Links in the text; keys of one url bind to the same link." });

/** `url`: a link that satisfies all keys, or with `every` all links. */
export const urlCondition: ConditionFamily = defineCondition({
  family: "url",
  schema,
  phases: Object.fromEntries(
    ["any", "every", ...Object.keys(linkShape())].map((key) => [key, "message"] as const),
  ),
  multiValued: true,
  compile(data, context) {
    const { any, every, ...keys } = data;
    const fields = linkTests(keys, "url", context);
    if (any === false) return noLink(fields, every, context);
    const everyFields =
      every === undefined ? undefined : linkTests(every, "url.every", below(context, "every"));
    const asksOne = fields.length > 0 || everyFields === undefined;
    const asked: AskedOfLinks = { one: asksOne ? fields : undefined, every: everyFields };
    return {
      cost: 5,
      requires: bestOf([SOME_LINK, requiredBy(fields), requiredBy(everyFields ?? [])]),
      test: (facts, trace) =>
        trace === undefined ? linksFit(facts.links, asked) : traceLinks(facts.links, asked, trace),
      collect: (facts, links) => collectLinks(facts, asked, links),
    };
  },
});

interface AskedOfLinks {
  /** Some link satisfies these. */
  readonly one: readonly FieldTest<Link>[] | undefined;
  /** All links satisfy these. */
  readonly every: readonly FieldTest<Link>[] | undefined;
}

function noLink(
  fields: readonly FieldTest<Link>[],
  every: unknown,
  context: ConditionContext,
): Matcher {
  if (fields.length > 0 || every !== undefined) {
    const message = "any: false says that there is no link, so no other key can hold";
    context.problems.error([...context.path, "any"], message, "leave the other keys out");
  }
  return {
    cost: 1,
    collect: undefined,
    test(facts, trace) {
      const matched = facts.links.length === 0;
      trace?.push(leafTrace("url.any", String(facts.links.length), matched));
      return matched;
    },
  };
}

function linksFit(links: readonly Link[], asked: AskedOfLinks): boolean {
  if (links.length === 0) return false;
  const { one, every } = asked;
  if (one !== undefined && !links.some((link) => holdsAll(one, link, undefined))) return false;
  return every === undefined || links.every((link) => holdsAll(every, link, undefined));
}

function traceLinks(links: readonly Link[], asked: AskedOfLinks, trace: LeafTrace[]): boolean {
  if (links.length === 0) trace.push(leafTrace("url", "no link", false));
  for (const field of [...(asked.one ?? []), ...(asked.every ?? [])]) {
    const shown = links.map((link) => field.show(link)).join(", ");
    const isEvery = asked.every?.includes(field) === true;
    const matched = isEvery
      ? links.length > 0 && links.every((link) => field.test(link))
      : links.some((link) => field.test(link));
    trace.push(leafTrace(field.field, shown, matched));
  }
  const matched = linksFit(links, asked);
  if (asked.one?.length === 0 && matched) {
    trace.push(leafTrace("url.any", links.map((link) => link.raw).join(", "), true));
  }
  return matched;
}

function collectLinks(facts: Facts, asked: AskedOfLinks, into: Set<number>): boolean {
  if (!linksFit(facts.links, asked)) return false;
  const fields = asked.one ?? asked.every ?? [];
  for (const [index, link] of facts.links.entries()) {
    if (holdsAll(fields, link, undefined)) into.add(index);
  }
  return true;
}

type LinkData = z.infer<typeof linkSchema>;

function linkTests(
  data: LinkData,
  name: string,
  context: ConditionContext,
): readonly FieldTest<Link>[] {
  return [
    ...flagTests(data, name),
    ...valueTests(data, name, context),
    ...(data.prefix === undefined ? [] : [prefixTest(data.prefix, name, context)]),
    ...(data.carrier === undefined ? [] : [carrierTest(data.carrier, name)]),
    ...(data.zone === undefined ? [] : [zoneTest(data.zone, name, context)]),
  ];
}

function flagTests(data: LinkData, name: string): readonly FieldTest<Link>[] {
  const fields: FieldTest<Link>[] = [];
  function add(key: string, wanted: boolean | undefined, read: (link: Link) => boolean): void {
    if (wanted === undefined) return;
    const test = (link: Link) => read(link) === wanted;
    fields.push({ field: `${name}.${key}`, test, show: (link) => String(read(link)) });
  }
  add("is_ip", data.is_ip, (link) => link.isIp);
  add("has_userinfo", data.has_userinfo, (link) => link.hasUserinfo);
  add("punycode", data.punycode, (link) => link.punycode);
  add("mixed_script", data.mixed_script, (link) => link.mixedScript);
  return fields;
}

function valueTests(
  data: LinkData,
  name: string,
  context: ConditionContext,
): readonly FieldTest<Link>[] {
  const fields: FieldTest<Link>[] = [];
  if (data.scheme !== undefined) {
    const test = compileText(data.scheme, FREE_TEXT, below(context, "scheme"));
    const requires = test.requires(linkField("scheme", (link) => [link.scheme]));
    const show = (link: Link) => link.scheme;
    fields.push({ field: `${name}.scheme`, test: (link) => test.one(link.scheme), show, requires });
  }
  if (data.path_extension !== undefined) {
    const test = compileText(data.path_extension, EXTENSION, below(context, "path_extension"));
    const show = (link: Link) => link.pathExtensions.join(" ");
    const requires = test.requires(linkField("path_extension", (link) => link.pathExtensions));
    const field = `${name}.path_extension`;
    fields.push({ field, test: (link) => test.many(link.pathExtensions), show, requires });
  }
  if (data.host !== undefined) {
    const test = compileText(data.host, DOMAIN, below(context, "host"));
    const requires = test.requires(HOST);
    const show = (link: Link) => link.host ?? "";
    fields.push({ field: `${name}.host`, test: (link) => test.one(link.host), show, requires });
  }
  if (data.registrable_domain !== undefined) {
    const inner = below(context, "registrable_domain");
    const test = compileText(data.registrable_domain, DOMAIN, inner);
    const show = (link: Link) => link.registrableDomain ?? "";
    const requires = test.requires(
      linkField("registrable_domain", (link) => asList(link.registrableDomain)),
    );
    const field = `${name}.registrable_domain`;
    fields.push({ field, test: (link) => test.one(link.registrableDomain), show, requires });
  }
  if (data.lookalike_of !== undefined) {
    const { lookalikes, lookups } = context.definitions;
    const finder = lookalikes.add(asList<string>(data.lookalike_of));
    const requires = lookups.found(HOST, finder);
    const show = (link: Link) => link.host ?? "";
    const field = `${name}.lookalike_of`;
    const test = ({ host }: Link): boolean => host !== undefined && finder.test(host);
    fields.push({ field, test, show, requires });
  }
  if (data.port !== undefined) {
    const test = compileNumber(data.port);
    const show = (link: Link) => String(link.port ?? "");
    const requires = requiredPort(data.port, context);
    fields.push({ field: `${name}.port`, test: (link) => test(link.port), show, requires });
  }
  return fields;
}

function linkField(name: string, valuesOf: (link: Link) => readonly string[]): Field {
  return {
    name: `url.${name}`,
    rank: RANK.content,
    each(facts, visit) {
      for (const link of facts.links) for (const value of valuesOf(link)) visit(value);
    },
  };
}

const HOST = linkField("host", ({ host }) => (host === undefined ? [] : [host]));

/** Ports that are named one by one can be looked up; ranges cannot. */
function requiredPort(
  leaf: NonNullable<LinkData["port"]>,
  { definitions }: ConditionContext,
): Requirement | undefined {
  if (typeof leaf === "object" && !Array.isArray(leaf)) return undefined;
  const ports = asList<Quantity>(leaf as Quantity | readonly Quantity[]).map(quantityOf);
  const field = linkField("port", ({ port }) => (port === undefined ? [] : [String(port)]));
  return definitions.lookups.equals(field, String, ports.map(String));
}

function prefixTest(
  data: NonNullable<LinkData["prefix"]>,
  name: string,
  context: ConditionContext,
): FieldTest<Link> {
  const tests: LinkPrefix[] = [];
  if (typeof data === "object" && "in_list" in data) {
    const inner = below(context, "prefix", "in_list");
    for (const list of linkLists(data.in_list, ["prefix"], inner)) {
      if (list.hasLink !== undefined) tests.push(list.hasLink);
    }
  } else {
    for (const [index, prefix] of asList<string>(data).entries()) {
      const test = parseLinkPrefix(prefix);
      const at = typeof data === "string" ? ["prefix"] : ["prefix", index];
      if (test !== undefined) tests.push(test);
      else
        context.problems.error(
          [...context.path, ...at],
          `"${prefix}" is not a link prefix`,
          PREFIX_HINT,
        );
    }
  }
  return {
    field: `${name}.prefix`,
    test: (link) => tests.some((test) => test(link)),
    show: (link) => link.canonical,
  };
}

function carrierTest(data: NonNullable<LinkData["carrier"]>, name: string): FieldTest<Link> {
  const wanted = new Set<LinkCarrier>(asList<LinkCarrier>(data));
  const carrierOf = (link: Link): LinkCarrier => link.carrier ?? "text";
  return {
    field: `${name}.carrier`,
    test: (link) => wanted.has(carrierOf(link)),
    show: carrierOf,
  };
}

function zoneTest(
  data: NonNullable<LinkData["zone"]>,
  name: string,
  context: ConditionContext,
): FieldTest<Link> {
  const { zones } = context.definitions;
  const negated = typeof data === "object" && "not" in data;
  const names = asList<string>(negated ? data.not : data);
  const intranet = zones.get("intranet");
  const tests: ((link: Link) => boolean)[] = [];
  for (const [index, zone] of names.entries()) {
    const known = zones.get(zone);
    if (known !== undefined && zone !== "internet") tests.push((link) => known.has(link));
    else if (zone === "internet") tests.push((link) => intranet?.has(link) !== true);
    else if (zone !== "intranet") {
      const value = negated ? data.not : data;
      const at = [...(negated ? ["not"] : []), ...(typeof value === "string" ? [] : [index])];
      const hint = didYouMean(zone, ["internet", "intranet", ...zones.keys()]);
      context.problems.error([...context.path, "zone", ...at], `there is no zone "${zone}"`, hint);
    }
  }
  return {
    field: `${name}.zone`,
    test: (link) => tests.some((test) => test(link)) !== negated,
    show: (link) =>
      `${link.host ?? link.raw} ${intranet?.has(link) === true ? "intranet" : "internet"}`,
  };
}
