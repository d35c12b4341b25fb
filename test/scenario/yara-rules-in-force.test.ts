import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { askAdmin } from "../support/ask-admin.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { writeConfig } from "../support/write-config.ts";

const SECRET = 'rule Secret_Project { strings: $a = "project nightfall" condition: $a }\n';
const OTHER = 'rule Other_Project { strings: $a = "project daybreak" condition: $a }\n';
const BROKEN = "rule Broken {\n  condition: $missing\n}\n";

const attachment = (text: string): string =>
  [
    "--b",
    "Content-Type: text/plain",
    "",
    "see file",
    "--b",
    'Content-Type: application/octet-stream; name="notes.dat"',
    'Content-Disposition: attachment; filename="notes.dat"',
    "",
    text,
    "--b--",
    "",
  ].join("\r\n");

describe("YARA rules of the operator", () => {
  it("stop a file, are read again by a reload, and stay when the new ones are broken", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
    const file = join(dir, "yara", "own.yar");
    await mkdir(join(dir, "yara"));
    await writeFile(file, SECRET);
    const engines = [{ type: "builtin" }, { type: "yara", rules: ["yara/"] }];
    const configFile = await writeConfig(dir, { scan: { engines } });
    await using gateway = await GatewayProcess.startIn(dir, configFile);
    const common = { transport: "tcp", gateway: gateway.at("tcp") } as const;
    await using alice = await SipClient.signOn({ ...common, name: "alice" });
    await using bob = await SipClient.signOn({ ...common, name: "bob" });
    const contentType = "multipart/mixed; boundary=b";
    const statusOf = async (text: string): Promise<number> =>
      (await alice.sends(bob.aor, attachment(text), { contentType })).status;

    expect(await statusOf("about project nightfall")).toBe(403);
    expect(await statusOf("about project daybreak")).toBe(200);
    const [stopped] = await gateway.eventsWhere(
      "a stop",
      ({ type, action }) => type === "message" && action !== "allow",
    );
    expect(stopped?.["scan"]).toContainEqual(
      expect.objectContaining({ engine: "yara", result: "infected", threat: "Secret_Project" }),
    );
    const yara = (await gateway.engines()).find(({ name }) => name === "yara");
    expect(yara).toMatchObject({ state: "up", detail: expect.stringMatching(/^YARA-X .* 1 file/) });

    await writeFile(file, BROKEN);
    expect(await askAdmin(gateway, "POST", "/v1/reload")).toMatchObject({
      ok: false,
      problems: [expect.stringContaining("own.yar:2:14: unknown pattern")],
    });
    const checked = await gateway.cli("check");
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain("own.yar:2:14: error: unknown pattern `$missing`");
    expect(await statusOf("about project nightfall")).toBe(403);

    await writeFile(file, OTHER);
    expect(await askAdmin(gateway, "POST", "/v1/reload")).toMatchObject({ ok: true });
    expect(await statusOf("about project nightfall")).toBe(200);
    expect(await statusOf("about project daybreak")).toBe(403);
  });
});
