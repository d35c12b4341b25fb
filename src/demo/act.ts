import type { Clock } from "../base/clock.ts";
import type { DemoGateway } from "./demo-gateway.ts";
import { DemoFailed } from "./demo-failed.ts";
import type { DemoUser } from "./demo-user.ts";
import type { Narrator } from "./narrator.ts";

/** What every act of the story is given. */
export interface Stage {
  readonly alice: DemoUser;
  readonly bob: DemoUser;
  readonly gateway: DemoGateway;
  readonly tell: Narrator;
  readonly clock: Clock;
}

/** One act: plays, tells, and gives the sentence of how it came out. Rejects when it came out otherwise. */
export interface Act {
  readonly title: string;
  play(stage: Stage): Promise<string>;
}

export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new DemoFailed(otherwise);
}

/** What the gateway has on record about the incident that a text quotes. */
export interface Incident {
  readonly id: string;
  readonly action: string;
  readonly rule: string;
}

/** Asks as an operator would: `sluice incidents show`. */
export async function incidentIn(text: string, gateway: DemoGateway): Promise<Incident> {
  const id = /\bINC-[0-9A-Z]{8}\b/.exec(text)?.[0];
  expect(id !== undefined, `no incident is named in "${text}"`);
  const { code, stdout } = await gateway.cli("incidents", "show", id, "-o", "json");
  expect(code === 0, `there is no record of ${id}`);
  const found: unknown = JSON.parse(stdout);
  return { id, action: textAt(found, "action"), rule: textAt(found, "rule") };
}

/** "" when there is no such text. */
export function textAt(value: unknown, key: string): string {
  if (typeof value !== "object" || value === null) return "";
  const found: unknown = Reflect.get(value, key);
  return typeof found === "string" ? found : "";
}
