import { describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { FakeClamd } from "../../test/support/fake-clamd.ts";
import { createConnector } from "./engine-connection.ts";
import { createKeptLookup } from "./kept-lookup.ts";

describe("createKeptLookup", () => {
  it("asks for a name once, and again when what it kept did not serve", async () => {
    await using clamd = await FakeClamd.start("tcp");
    if (!("port" in clamd.address)) throw new Error("a port");
    const asked: string[] = [];
    const kept = createKeptLookup((host, done) => {
      asked.push(host);
      // the first address is not clamd's: the second is tried
      done(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    });
    const address = { host: "clamd.example", port: clamd.address.port };
    const open = createConnector({ clock: systemClock, names: kept }, address);
    const connects = async (): Promise<boolean> => {
      const opened = await open(new AbortController().signal);
      if (opened.ok) opened.value.destroy();
      return opened.ok;
    };
    expect([await connects(), await connects(), await connects()]).toEqual([true, true, true]);
    expect(asked).toEqual(["clamd.example"]);
    await clamd.goAway();
    expect(await connects()).toBe(false);
    await clamd.comeBack();
    expect([await connects(), await connects()]).toEqual([true, true]);
    expect(asked).toEqual(["clamd.example", "clamd.example"]);
  });

  it("is an error without an address, and keeps none", async () => {
    let asked = 0;
    const names = createKeptLookup((_host, done) => {
      asked += 1;
      done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    });
    const address = { host: "clamd.example", port: 9 };
    const open = createConnector({ clock: systemClock, names }, address);
    for (const times of [1, 2]) {
      expect(await open(new AbortController().signal)).toEqual({ ok: false, problem: "down" });
      expect(asked).toBe(times);
    }
  });
});
