import { createBesidePlacement } from "./placement-beside.ts";
import { createTrunkPlacement } from "./placement-trunk.ts";
import type { Placement, PlacementDeps } from "./placement.ts";

/** Undefined: in front of a server, which is what the rest of the proxy is written for. */
export function createPlacement(deps: PlacementDeps): Placement | undefined {
  const { placement } = deps.options;
  switch (placement?.kind) {
    case undefined:
      return undefined;
    case "beside":
      return createBesidePlacement(deps);
    case "trunk":
      return createTrunkPlacement(deps, placement.routes);
  }
}
