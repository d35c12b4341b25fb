import { didYouMean } from "./suggest.ts";

/** Everything that a template may name between braces. */
const MACROS = [
  "incident.short",
  "incident.id",
  "policy.name",
  "rule.title",
  "rule.id",
  "file.name",
  "from.aor",
  "to.aor",
  "scan.name",
] as const;

export type MacroName = (typeof MACROS)[number];

/** A brace that is written twice stands for itself. */
const MACRO = /\{\{|\}\}|\{([^{}]*)\}/g;

/**
 * Puts values in place of `{macros}` in one pass, so that a value that looks like a macro stays text. A macro without a
 * value becomes nothing. `renderTemplate("Ref {incident.short}", { "incident.short": "INC-1" })` is "Ref INC-1".
 */
export function renderTemplate(
  text: string,
  values: Readonly<Partial<Record<string, string>>>,
): string {
  return text.replace(MACRO, (whole, name: string | undefined) => {
    if (name === undefined) return whole.slice(1);
    if (!/^[A-Za-z_.]+$/.test(name)) return whole;
    return Object.hasOwn(values, name) ? (values[name] ?? "") : "";
  });
}

/** What a peer has written; all else is the operator's, or ours. */
const OF_PEERS: readonly MacroName[] = ["file.name", "from.aor", "to.aor", "scan.name"];
const UNSAFE = /[^\p{L}\p{M}\p{N}._@:+-]/gu;

/**
 * As `renderTemplate`, for a text that may come to lie in a file of any type: of what peers have written only letters, digits and . _ @ : + -
 * stay, so that they write no command and no markup by it.
 *
 * @example renderHarmlessly("{file.name}", { "file.name": "a & calc.bat" }) // "a___calc.bat"
 */
export function renderHarmlessly(
  text: string,
  values: Readonly<Partial<Record<string, string>>>,
): string {
  const harmless = OF_PEERS.map((name) => [name, (values[name] ?? "").replaceAll(UNSAFE, "_")]);
  return renderTemplate(text, { ...values, ...Object.fromEntries(harmless) });
}

/** As `renderTemplate`, but all else is left for later, and stays text then. */
export function renderPartly(
  text: string,
  values: Readonly<Partial<Record<MacroName, string>>>,
): string {
  return text.replace(MACRO, (whole, name: string | undefined) => {
    const value = name !== undefined && Object.hasOwn(values, name) && values[name as MacroName];
    return typeof value === "string" ? value.replaceAll(/[{}]/g, "$&$&") : whole;
  });
}

/** The macros of a text that do not exist, with what was probably meant. */
export function unknownMacros(
  text: string,
): readonly { readonly name: string; readonly hint: string }[] {
  const known: readonly string[] = MACROS;
  const found = [...text.matchAll(MACRO)].flatMap((match) => match[1] ?? []);
  return found
    .filter((name) => !known.includes(name))
    .map((name) => ({
      name,
      hint:
        didYouMean(name.trim(), known) ??
        `known: ${known.map((macro) => `{${macro}}`).join(" ")}; for a brace write {{`,
    }));
}
