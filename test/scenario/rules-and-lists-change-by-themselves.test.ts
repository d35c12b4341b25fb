import { mkdtemp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { askAdmin } from "../support/ask-admin.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig } from "../support/write-config.ts";

const rules = (status: number): string => `version: 1
lists:
  bad: { type: domain, file: bad.txt, refresh: watch }
rules:
  - id: bad-domain
    when: { url: { host: { in_list: bad } } }
    then: { block: { respond: ${status} } }
`;

const TEN = Array.from({ length: 10 }, (_, index) => `host-${index}.example\n`).join("");

async function start(settings: Readonly<Record<string, unknown>> = {}) {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const at = (name: string): string => join(dir, "rules", name);
  await mkdir(join(dir, "rules"));
  await writeFile(at("a.yaml"), rules(480));
  await writeFile(at("bad.txt"), TEN);
  const configFile = await writeConfig(dir, { rules: ["rules/"], ...settings });
  const gateway = stack.use(await GatewayProcess.startIn(dir, configFile));
  const common = { transport: "udp", gateway: gateway.at("udp") } as const;
  const alice = stack.use(await SipClient.signOn({ ...common, name: "alice" }));
  stack.use(await SipClient.signOn({ ...common, name: "bob" }));
  const owned = stack.move();
  return {
    gateway,
    at,
    /** Careful programs write beside and rename. */
    replace: async (name: string, content: string): Promise<void> => {
      await writeFile(at(`${name}.new`), content);
      await rename(at(`${name}.new`), at(name));
    },
    statusOf: async (host: string): Promise<number> =>
      (await alice.sends("sip:bob@example.test", `http://www.${host}/`)).status,
    [Symbol.asyncDispose]: async (): Promise<void> => owned.disposeAsync(),
  };
}

describe("rules and lists that change while the gateway runs", () => {
  it("are in force without a word, however they were written; a broken file changes nothing", async () => {
    await using stage = await start();
    const { gateway, at, replace, statusOf } = stage;
    expect(await statusOf("host-1.example")).toBe(480);

    await writeFile(at("a.yaml"), rules(481));
    await waitUntil("the rules", async () => (await statusOf("host-1.example")) === 481);
    await replace("a.yaml", rules(482));
    await waitUntil("the renamed rules", async () => (await statusOf("host-1.example")) === 482);
    await writeFile(at("elsewhere.txt"), rules(483));
    await rm(at("a.yaml"));
    await symlink("elsewhere.txt", at("a.yaml"));
    await waitUntil("the linked rules", async () => (await statusOf("host-1.example")) === 483);

    await replace("a.yaml", "version: 1\nrules: [\n");
    const failure = await waitUntil("the failure", async () => {
      const status = await askAdmin(gateway, "GET", "/v1/rules/status");
      return status["last_failure"] ?? undefined;
    });
    expect(JSON.stringify(failure)).toContain("a.yaml:3:1: ");
    await waitUntil("the log", () => gateway.stderr.includes("changed rules not loaded"));
    expect(await statusOf("host-1.example")).toBe(483);

    await writeFile(at("a.yaml"), "");
    await waitUntil("the empty file", async () => {
      const status = await askAdmin(gateway, "GET", "/v1/rules/status");
      return JSON.stringify(status).includes("is gone or empty");
    });
    expect(await statusOf("host-1.example")).toBe(483);
    await replace("a.yaml", rules(484));
    await waitUntil("the mended rules", async () => (await statusOf("host-1.example")) === 484);
  });

  it("refresh a list alone, keep it when it shrinks, and say so until somebody takes it", async () => {
    await using stage = await start({ watch_rules: false });
    const { gateway, at, replace, statusOf } = stage;
    expect(await statusOf("new.example")).toBe(200);
    await replace("bad.txt", `${TEN}new.example\n`);
    await waitUntil("the list", async () => (await statusOf("new.example")) === 480);
    expect((await askAdmin(gateway, "GET", "/v1/rules/status"))["generation"]).toBe(1);

    await writeFile(at("bad.txt"), "other.example\n");
    await waitUntil("the refusal", async () => {
      const { stdout, code } = await gateway.cli("lists", "-o", "json");
      return code === 1 && stdout.includes("less than half of the 11 in force");
    });
    expect(await statusOf("host-9.example")).toBe(480);
    expect((await gateway.cli("rules", "status", "-o", "json")).stdout).toContain("less than half");
    expect((await gateway.cli("lists", "refresh", "bad")).code).toBe(1);
    expect((await gateway.cli("lists", "refresh", "bad", "--allow-shrink")).code).toBe(0);
    expect(await statusOf("host-9.example")).toBe(200);
    expect(await statusOf("other.example")).toBe(480);

    await writeFile(at("a.yaml"), rules(481));
    // Longer than a change takes to be seen: nobody asked for it.
    await delay(600);
    expect(await statusOf("other.example")).toBe(480);
    expect((await gateway.cli("reload")).code).toBe(0);
    expect(await statusOf("other.example")).toBe(481);
  });
});
