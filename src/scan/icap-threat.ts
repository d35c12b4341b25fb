import { detached } from "../base/detached.ts";
import type { IcapHead } from "./icap-head.ts";

/** What stands for a name where a server replaced the file and named no reason. */
export const MODIFIED = "modified";

const MAX_NAME = 256;

/**
 * The name of what an ICAP server found, from the header fields that servers use for it: X-Infection-Found
 * (`Type=0; Resolution=2; Threat=Name;`), X-Virus-ID (the name), X-Violations-Found (a count, and for each violation four lines: file,
 * name, number, resolution). Undefined where none of them stands there. A field that cannot be read is a finding all the same.
 */
export function threatName(fields: IcapHead["fields"]): string | undefined {
  const infection = fields.get("x-infection-found");
  const virus = fields.get("x-virus-id");
  // a count of none is no violation
  const violations = fields.get("x-violations-found")?.filter((value) => value !== "0");
  if (infection === undefined && virus === undefined && (violations?.length ?? 0) === 0) {
    return undefined;
  }
  const named = [
    /(?:^|;)\s*Threat\s*=\s*([^;]*)/i.exec(infection?.[0] ?? "")?.[1],
    virus?.[0],
    violations?.[0]?.split("\n")[2],
  ];
  for (const name of named) {
    const printable = (name ?? "")
      .replace(/[^\x20-\x7e]/g, "?")
      .trim()
      .slice(0, MAX_NAME);
    // kept for hours with the result: not as a piece of the head that it stood in
    if (printable !== "") return detached(printable);
  }
  return MODIFIED;
}
