import { z } from "zod";
import { compileCidr, isInNetworks } from "../cidr.ts";
import { below, defineCondition, matcherOf } from "../condition.ts";
import type { ConditionContext, ConditionFamily, FieldTest, NamedGroup } from "../condition.ts";
import type { Party } from "../facts.ts";
import { cidrLeaf, textLeaf } from "../leaf-schema.ts";
import { eitherOf, RANK } from "../requirement.ts";
import { didYouMean } from "../suggest.ts";
import { AOR, compileText, DOMAIN, FREE_TEXT, type TextTest } from "../text-test.ts";
import { asList, oneOrMore, section, text } from "../vocabulary.ts";

function partyShape() {
  return {
    user: textLeaf("The part before the @.").optional(),
    domain: textLeaf("The part after the @.").optional(),
    aor: textLeaf("Address of record, sip:user@domain.").optional(),
    group: oneOrMore(text())
      .optional()
      .meta({ description: "Member of this group (or of one of several); see groups." }),
    display_name: textLeaf("The name shown beside the address.").optional(),
  };
}

const toSchema = section(partyShape()).meta({
  description: "The receiver: the Request-URI at the first ingress.",
});

const fromSchema = section({
  ...partyShape(),
  ip: cidrLeaf("Address or network the sender came from.").optional(),
  authenticated: z
    .boolean()
    .optional()
    .meta({ description: "The server has accepted a registration of this sender on this flow." }),
}).meta({ description: "The sender." });

const PHASES = {
  user: "message",
  domain: "message",
  aor: "message",
  group: "message",
  display_name: "message",
} as const;

/** `from`: who sent it. */
export const fromCondition: ConditionFamily = defineCondition({
  family: "from",
  schema: fromSchema,
  phases: { ...PHASES, ip: "message", authenticated: "message" },
  everywhere: true,
  compile(data, context) {
    const fields = [...partyTests("from", data, context)];
    if (data.authenticated !== undefined) {
      const wanted = data.authenticated;
      fields.unshift({
        field: "from.authenticated",
        test: (party) => party.authenticated === wanted,
        show: (party) => String(party.authenticated),
      });
    }
    if (data.ip !== undefined) {
      const networks = compileCidr(data.ip, below(context, "ip"));
      fields.push({
        field: "from.ip",
        test: (party) => party.ip !== undefined && isInNetworks(party.ip, networks),
        show: (party) => party.ip ?? "unknown",
      });
    }
    return matcherOf(2, fields, (facts) => facts.from);
  },
});

/** `to`: who it is for. */
export const toCondition: ConditionFamily = defineCondition({
  family: "to",
  schema: toSchema,
  phases: PHASES,
  everywhere: true,
  compile: (data, context) => matcherOf(2, partyTests("to", data, context), (facts) => facts.to),
});

function partyTests(
  side: "from" | "to",
  data: z.infer<typeof toSchema>,
  context: ConditionContext,
): readonly FieldTest<Party>[] {
  const fields: FieldTest<Party>[] = [];
  function add(
    field: keyof typeof PHASES,
    test: Pick<FieldTest<Party>, "test" | "requires">,
    show: (party: Party) => string,
  ): void {
    fields.push({ field: `${side}.${field}`, ...test, show });
  }
  function addText(
    field: keyof typeof PHASES,
    text: TextTest,
    valueOf: (party: Party) => string,
  ): void {
    const requires = text.requires({
      name: `${side}.${field}`,
      rank: field === "domain" ? RANK.domain : RANK.person,
      each(facts, visit) {
        const value = valueOf(facts[side]);
        if (value !== "") visit(value);
      },
    });
    add(field, { test: (party) => text.one(orAbsent(valueOf(party))), requires }, valueOf);
  }
  if (data.domain !== undefined) {
    const test = compileText(data.domain, DOMAIN, below(context, "domain"));
    addText("domain", test, (party) => party.domain);
  }
  if (data.user !== undefined) {
    const test = compileText(data.user, FREE_TEXT, below(context, "user"));
    addText("user", test, (party) => party.user);
  }
  if (data.aor !== undefined) {
    const test = compileText(data.aor, AOR, below(context, "aor"));
    addText("aor", test, (party) => party.aor);
  }
  if (data.group !== undefined) {
    const test = groupTest(side, data.group, below(context, "group"));
    add("group", test, (party) => party.aor);
  }
  if (data.display_name !== undefined) {
    const test = compileText(data.display_name, FREE_TEXT, below(context, "display_name"));
    addText("display_name", test, (party) => party.displayName);
  }
  return fields;
}

function groupTest(
  side: "from" | "to",
  names: string | readonly string[],
  context: ConditionContext,
): Pick<FieldTest<Party>, "test" | "requires"> {
  const { lookups } = context.definitions;
  const groups = linkGroups(names, context);
  const required = groups.map(({ name, group }) =>
    lookups.presence(`${side}.group ${name}`, RANK.domain, (facts) => group.has(facts[side])),
  );
  return {
    test: (party) => groups.some(({ group }) => group.has(party)),
    requires: eitherOf(required),
  };
}

function linkGroups(
  names: string | readonly string[],
  context: ConditionContext,
): readonly { readonly name: string; readonly group: NamedGroup }[] {
  const { groups } = context.definitions;
  const found: { readonly name: string; readonly group: NamedGroup }[] = [];
  for (const [index, name] of asList<string>(names).entries()) {
    const group = groups.get(name);
    if (group !== undefined) found.push({ name, group });
    else {
      const path = typeof names === "string" ? context.path : [...context.path, index];
      context.problems.error(path, `there is no group "${name}"`, didYouMean(name, groups.keys()));
    }
  }
  return found;
}

function orAbsent(value: string): string | undefined {
  return value === "" ? undefined : value;
}
