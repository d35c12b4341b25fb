import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readEvents } from "../support/events-file.ts";
import { openReloadStage, sendSteadily, statusesOf, within } from "../support/reload-stage.ts";

const LOAD = { perSecond: 200, fates: ["passed", "blocked"] } as const;

describe("ending under load", () => {
  it("loses no answered message when it is asked to end under load", async () => {
    await using stage = await openReloadStage("tcp");
    const stop = new AbortController();
    const sending = sendSteadily(stage.alice, LOAD, stop.signal);
    await delay(1500);
    const exitCode = await stage.gateway.stop("SIGTERM");
    stop.abort();
    const sent = await sending;
    expect(exitCode).toBe(0);
    const answered = await statusesOf(sent, 2000);
    const forwarded = new Set(stage.server.arrived.map((request) => request.text));
    const accepted = [...answered].filter(([, status]) => status === 200).map(([text]) => text);
    expect(accepted.length).toBeGreaterThan(50);
    expect(accepted.filter((text) => !forwarded.has(text))).toEqual([]);
    const events = await readEvents(stage.gateway.eventsFile);
    expect(events.filter((event) => event["action"] === "allow").length).toBeGreaterThanOrEqual(
      accepted.length,
    );
  });

  it("loses no incident that was answered when it is killed", async () => {
    await using stage = await openReloadStage("tcp");
    const stop = new AbortController();
    const sending = sendSteadily(stage.alice, LOAD, stop.signal);
    await delay(1500);
    await stage.gateway.kill();
    stop.abort();
    const answers = await Promise.all((await sending).map(async (one) => within(one.answer, 1000)));
    const quoted = answers.flatMap((answer) => {
      const id = /INC-[0-9A-Z]{8}/.exec(answer?.header("warning") ?? "")?.[0];
      return answer?.status === 403 && id !== undefined ? [id] : [];
    });
    expect(quoted.length).toBeGreaterThan(50);
    await stage.gateway.restart();
    const stored = new Set((await stage.gateway.incidents()).map((incident) => incident["id"]));
    expect(quoted.filter((id) => !stored.has(id))).toEqual([]);
  });
});
