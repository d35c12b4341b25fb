import type { Health } from "../review/ports.ts";
import type { EngineStatus } from "../scan/scan-engine.ts";

/**
 * The scan engines as a part of health: well when every required one is up. Readiness does not hang on it: messages pass without
 * engines, and a gateway that is taken out of service for them would lose those.
 */
export function engineHealth(engines: readonly EngineStatus[]): Health["parts"][number] {
  const words = engines.map(
    ({ name, required, state, detail }) =>
      `${name}${required ? "" : " (not required)"} is ${state}: ${detail}`,
  );
  return {
    name: "engines",
    ok: engines.length > 0 && engines.every(({ required, state }) => !required || state === "up"),
    detail: words.length === 0 ? "not probed yet" : words.join("; "),
  };
}
