import type { Config } from "../config/config.ts";

/** What a newcomer may try next, said under the ready line. */
export function startHints(config: Config): readonly string[] {
  const hints = [
    `  decide a message:  npx sluice try --from sip:alice@local.test --to sip:bob@local.test --text "get http://example.org/setup.exe"`,
    "  see what happened: npx sluice incidents list",
    `  edit the rules:    ${config.rules.join(" ")}, then npx sluice check and npx sluice reload`,
  ];
  if (config.upstream.kind !== "embedded") return hints;
  return [
    "  register two SIP clients here, with any user of any domain and no password, and write to each other",
    ...hints,
  ];
}
