import { fileURLToPath } from "node:url";
import { runInlineTest } from "../../src/assembly/run-inline-test.ts";
import { loadPolicy } from "../../src/config/load-policy.ts";
import type { Policy } from "../../src/policy/decision.ts";

/** The folder of rules that comes with the program. */
export const SHIPPED_RULES: string = fileURLToPath(new URL("../../rules", import.meta.url));

let shipped: Policy | undefined;

/** The rules as shipped, read once. */
export function shippedPolicy(): Policy {
  if (shipped !== undefined) return shipped;
  const asked = { rules: [SHIPPED_RULES], domains: [] };
  const loaded = loadPolicy(asked, { generation: 1, judgeGiven: runInlineTest });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problem));
  shipped = loaded.value.policy;
  return shipped;
}
