/** Why what a condition compares with cannot be meant. */
export interface OperandProblem {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint: string;
}

/** Of names of hosts and domains: nothing is ever equal to a pattern or to an address. */
export function domainOperandProblem(value: string): OperandProblem | undefined {
  if (value.includes("*")) {
    const name = value.replace(/^\*?\.?/, "");
    const hint = name.includes("*")
      ? "use prefix:, suffix:, contains: or regex:"
      : `suffix: ${name} takes the name and all names under it`;
    return error(`"${value}" matches nothing: "*" is no wildcard here`, hint);
  }
  if (!/[/@\s]/.test(value)) return undefined;
  return error(`"${value}" is no domain name`, "write the name alone, as in evil.example");
}

/** Of extensions. */
export function extensionOperandProblem(value: string): OperandProblem | undefined {
  if (!/[*/\\\s]/.test(value)) return undefined;
  return error(`"${value}" is no extension`, "write the extension alone, as in exe");
}

/** Of texts that may hold a star (a dial code is one): only what looks like a pattern is worth a word. */
export function textOperandProblem(value: string): OperandProblem | undefined {
  if (!/^\*[.@]/.test(value)) return undefined;
  const message = `"${value}" is compared as it is written: "*" is no wildcard`;
  return { severity: "warning", message, hint: `suffix: "${value.slice(1)}" takes what ends so` };
}

function error(message: string, hint: string): OperandProblem {
  return { severity: "error", message, hint };
}
