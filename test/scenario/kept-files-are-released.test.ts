import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { itemPlace } from "../../src/quarantine/item-place.ts";
import { askAdmin } from "../support/ask-admin.ts";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig, writeRules } from "../support/write-config.ts";

const RULES = {
  version: 1,
  rules: [
    {
      id: "nothing-for-two-eyes",
      on: "file",
      when: { file: { name: { prefix: "contract" } } },
      then: { quarantine: { release: "four-eyes" } },
    },
    { id: "no-plans", on: "file", when: { file: { extension: ["plan"] } }, then: "quarantine" },
  ],
};

let gateway: GatewayProcess;
let story: FileStory;
let count = 0;
/** `scan.hashes`: read at the start. */
let hashes = "";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const rules = await writeRules(dir, "rules.yaml", RULES);
  const ports = await freePortRange(4);
  hashes = join(dir, "known.hashes");
  writeFileSync(hashes, "");
  const config = await writeConfig(dir, {
    rules: [rules],
    scan: { hashes: [hashes] },
    relay: { msnftp: { ports: ports.text } },
  });
  gateway = await GatewayProcess.startIn(dir, config);
});
beforeEach(async () => {
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
  return async () => story[Symbol.asyncDispose]();
});
afterAll(async () => gateway[Symbol.asyncDispose]());

interface Stopped {
  readonly incident: string;
  readonly item: string;
  readonly file: { readonly name: string; readonly bytes: Buffer };
}

type Found = Readonly<Record<string, unknown>>;

/** Alice sends it to Bob, and it is kept. */
async function isKept(bytes: Buffer, name = `file-${(count += 1)}.plan`): Promise<Stopped> {
  const file = { name, bytes };
  const { receiver } = await story.agree(file);
  expect((await receiver.result).content).toHaveLength(0);
  const incident = await waitUntil(`the incident of ${name}`, async () => {
    const all = await gateway.incidents();
    return all.find((one) => (one["file"] as Found | null)?.["name"] === name);
  });
  const { quarantine } = incident["details"] as { readonly quarantine: string };
  return { incident: String(incident["id"]), item: quarantine, file };
}

/** Alice sends it to Bob; what Bob gets of it. */
async function sendsAgain(file: Stopped["file"]): Promise<Buffer> {
  const { receiver } = await story.agree(file);
  return (await receiver.result).content;
}

async function shows(id: string): Promise<Found> {
  return askAdmin(gateway, "GET", `/v1/incidents/${id}`);
}

/** What the admin API answers, or in words why not. */
async function asks(
  what: string,
  body: object = {},
  method: "POST" | "DELETE" = "POST",
): Promise<Found & { readonly error?: { readonly code: string; readonly message: string } }> {
  return askAdmin(gateway, method, `/v1/${what}`, method === "POST" ? body : undefined);
}

async function deedsOf(incident: string): Promise<readonly Found[]> {
  const lines = await gateway.eventsWhere(`deeds about ${incident}`, (event) => {
    const details = event["details"] as Found | undefined;
    return event["type"] === "admin" && details?.["incident"] === incident;
  });
  return lines;
}

describe("a file that was stopped by mistake", () => {
  it("is released by one command, and passes once when it is sent again", async () => {
    const { incident, item, file } = await isKept(harmlessBytes(150_001));
    expect(await shows(incident)).toMatchObject({ state: "open" });
    const words = ["--reason", "a floor plan of ours", "--by", "carol", "-o", "json"];
    const released = await gateway.cli("incidents", "release", incident, ...words);
    expect(released).toMatchObject({ code: 0, stderr: "" });
    const [told] = JSON.parse(released.stdout) as Found[];
    expect(told).toMatchObject({
      incident,
      item,
      state: "released",
      result: "clean",
      to: ["sip:bob@example.test"],
      notice: "delivered",
    });
    expect((await story.alice.seesNotice()).text).toContain("was not delivered");
    const notice = await story.alice.seesNotice();
    expect(notice.text).toMatch(`${file.name} may now be sent again, once, to`);
    expect(notice.text).toContain(incident);

    expect((await sendsAgain(file)).equals(file.bytes)).toBe(true);
    expect(await sendsAgain(file)).toHaveLength(0);
    const shown = await shows(incident);
    expect(shown).toMatchObject({
      state: "released",
      count: 1,
      reviews: [{ action: "release", said_by: "carol", why: "a floor plan of ours", item }],
      releases: [{ state: "used", to: "sip:bob@example.test" }],
    });
    const deeds = await deedsOf(incident);
    expect(deeds).toMatchObject([
      { reason: `release: ${incident}`, details: { by: "admin socket", said_by: "carol" } },
      { reason: "a released file was let through", details: { from: "sip:alice@example.test" } },
      { reason: "a released file was delivered" },
    ]);
    const delivered = await gateway.eventsWhere("its delivery", (event) =>
      String(event["reason"]).startsWith(`released: ${incident}`),
    );
    expect(delivered).toMatchObject([
      { type: "transfer", action: "allow", delivery: "delivered", file: { name: file.name } },
    ]);
    const again = await gateway.cli("incidents", "release", incident, "--reason", "again");
    expect(again.code).toBe(7);
    expect(again.stderr).toContain("was released already, and its file was delivered at");
    const denied = await asks(`incidents/${incident}/deny`);
    expect(denied).toMatchObject({ error: { code: "REVIEW_CONFLICT" } });
  });

  it("keeps its release over a restart, and no other file and no other receiver gets by with it", async () => {
    const { item, file } = await isKept(harmlessBytes(70_000));
    const released = await asks(`quarantine/${item}/release`, { reason: "ours" });
    expect(released).toMatchObject({ state: "released" });
    await story[Symbol.asyncDispose]();
    await gateway.kill();
    await gateway.restart();
    await using toCarol = await FileStory.begin({ gateway: gateway.at("tcp"), receiver: "carol" });
    const { receiver } = await toCarol.agree(file);
    expect((await receiver.result).content).toHaveLength(0);
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
    const other = Buffer.from(file.bytes);
    other.writeUInt8(other.readUInt8(1000) ^ 1, 1000);
    expect(await sendsAgain({ ...file, bytes: other })).toHaveLength(0);
    expect((await sendsAgain(file)).equals(file.bytes)).toBe(true);
  });

  it("does not pass a signature that came after its release", async () => {
    const { incident, item, file } = await isKept(harmlessBytes(3000));
    const released = await asks(`quarantine/${item}/release`, { reason: "ours", force: true });
    expect(released).toMatchObject({ state: "released", result: "clean" });
    await story[Symbol.asyncDispose]();
    writeFileSync(hashes, `${createHash("sha256").update(file.bytes).digest("hex")} Later.Found\n`);
    await gateway.kill();
    await gateway.restart();
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
    expect(await sendsAgain(file)).toHaveLength(0);
    const deeds = await deedsOf(incident);
    expect(deeds.at(-1)).toMatchObject({
      reason: "a released file was stopped for what its release did not know",
      details: { result: "infected", accepts: "", from: "sip:alice@example.test" },
    });
    expect(await shows(incident)).toMatchObject({ releases: [{ state: "open" }] });
  });

  it("inside a message passes in a message, once", async () => {
    const send = async () =>
      story.alice.client.sends(story.bob.aor, EICAR, { contentType: "application/octet-stream" });
    expect((await send()).status).toBeGreaterThanOrEqual(400);
    const incident = await waitUntil("the incident of the message", async () => {
      const all = await gateway.incidents();
      return all.find((one) => one["channel"] === "sip-message");
    });
    const force = { reason: "it is EICAR", force: true };
    const released = await asks(`incidents/${String(incident["id"])}/release`, force);
    expect(released).toMatchObject({ state: "released", to: [story.bob.aor] });
    expect((await send()).status).toBe(200);
    expect((await send()).status).toBeGreaterThanOrEqual(400);
    expect(await shows(String(incident["id"]))).toMatchObject({ releases: [{ state: "used" }] });
  });

  it("that is still infected is released by force only, and the record says so", async () => {
    const { incident, item, file } = await isKept(EICAR, "virus.txt");
    const refused = await gateway.cli("quarantine", "release", item, "--reason", "a test");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("it is infected now, too (");
    expect(await sendsAgain(file)).toHaveLength(0);
    const force = { reason: "it is EICAR", force: true };
    const forced = await asks(`quarantine/${item}/release`, force);
    expect(forced).toMatchObject({ state: "released", result: "infected" });
    expect((await sendsAgain(file)).equals(EICAR)).toBe(true);
    const deeds = await deedsOf(incident);
    expect(deeds[0]).toMatchObject({ details: { action: "rescan", release: "refused" } });
    expect(deeds[1]).toMatchObject({
      details: { forced: true, result: "infected", why: "it is EICAR" },
    });
  });

  it("is not released without a reason, nor to somebody it was not for", async () => {
    const { item } = await isKept(harmlessBytes(10));
    expect((await gateway.cli("quarantine", "release", item)).code).toBe(2);
    const args = ["quarantine", "release", item, "--reason", "r"];
    const elsewhere = await gateway.cli(...args, "--to", "mallory@example.test");
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.stderr).toContain("it was for sip:bob@example.test");
    const forBob = { reason: "r", to: "bob@example.test" };
    expect(await asks(`quarantine/${item}/release`, forBob)).toMatchObject({ state: "released" });
    const unknown = await asks("incidents/INC-00000000/release", { reason: "r" });
    expect(unknown).toMatchObject({ error: { code: "NOT_FOUND" } });
  });

  it("whose copy was tampered with is not released, and the words say why", async () => {
    const { incident, item, file } = await isKept(harmlessBytes(100_000));
    const body = join(itemPlace(join(gateway.dir, "data", "quarantine"), item).folder, "body.enc");
    const bytes = readFileSync(body);
    bytes.writeUInt8(bytes.readUInt8(70_000) ^ 1, 70_000);
    writeFileSync(body, bytes);
    const force = { reason: "r", force: true };
    const released = await asks(`incidents/${incident}/release`, force);
    expect(released).toMatchObject({ error: { code: "QUARANTINE_DAMAGED" } });
    expect(released.error?.message).toContain("is damaged");
    expect(await shows(incident)).toMatchObject({ state: "open", releases: [] });
    expect(await sendsAgain(file)).toHaveLength(0);
  });
});

describe("what a person denies", () => {
  it("stays stopped, and takes back a release that was not used", async () => {
    const { incident, file } = await isKept(harmlessBytes(5000));
    const release = async () => asks(`incidents/${incident}/release`, { reason: "r" });
    expect(await release()).toMatchObject({ state: "released" });
    const denied = await gateway.cli("incidents", "deny", incident, "--reason", "a mistake");
    expect(denied.code).toBe(0);
    expect(await sendsAgain(file)).toHaveLength(0);
    expect(await shows(incident)).toMatchObject({
      state: "denied",
      releases: [{ state: "revoked" }],
    });
    const again = await release();
    expect(again).toMatchObject({ error: { code: "REVIEW_CONFLICT" } });
    expect(again.error?.message).toContain(`${incident} was denied at `);
    const table = await gateway.cli("incidents", "show", incident, "-o", "table");
    expect(table.stdout).toContain("deny  by");
    expect(table.stdout).toContain(": a mistake");
  });

  it("whose rule wants two persons needs a second name", async () => {
    const { incident, file } = await isKept(harmlessBytes(6000), "contract.txt");
    const by = async (name: string) =>
      asks(`incidents/${incident}/release`, { reason: "signed", said_by: name });
    const first = await by("carol");
    expect(first["waits_for"]).toContain("another one has to agree");
    expect(await shows(incident)).toMatchObject({ state: "reviewed" });
    expect(await sendsAgain(file)).toHaveLength(0);
    expect(await by("")).toMatchObject({ error: { code: "BAD_QUERY" } });
    expect(await by("carol")).toMatchObject({ error: { code: "REVIEW_CONFLICT" } });
    expect(await by("dave")).toMatchObject({ state: "released" });
    expect((await sendsAgain(file)).equals(file.bytes)).toBe(true);
    expect((await deedsOf(incident))[1]).toMatchObject({ details: { agreed_with: "carol" } });
  });
});

describe("a kept file that is scanned again", () => {
  it("says what the engines say now, alone and with all others", async () => {
    const clean = await isKept(harmlessBytes(3000));
    const bad = await isKept(EICAR, "again.txt");
    const one = await asks(`quarantine/${clean.item}/rescan`);
    expect(one).toMatchObject({ item: clean.item, result: "clean" });
    const all = await gateway.cli("quarantine", "rescan", "--all", "-o", "ndjson");
    expect(all.code).toBe(1);
    const rows = all.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Found);
    expect(rows).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ item: clean.item, result: "clean" }),
        expect.objectContaining({ item: bad.item, result: "infected" }),
      ]),
    );
    expect(await shows(clean.incident)).toMatchObject({
      state: "open",
      reviews: [{ action: "rescan", details: { result: "clean" } }, { action: "rescan" }],
    });
  });

  it("is fetched and deleted with a reason on record", async () => {
    const { incident, item } = await isKept(harmlessBytes(3000));
    const out = join(gateway.dir, "fetched.zip");
    await gateway.cli("quarantine", "download", item, "--out", out, "--reason", "to look");
    expect(await shows(incident)).toMatchObject({ state: "reviewed" });
    await asks(`quarantine/${item}?reason=not+ours&said_by=dave`, {}, "DELETE");
    expect((await shows(incident))["reviews"]).toMatchObject([
      { action: "download", why: "to look", item },
      { action: "delete", why: "not ours", said_by: "dave", item },
    ]);
    const late = { reason: "late" };
    const release = await asks(`incidents/${incident}/release`, late);
    expect(release).toMatchObject({ error: { code: "REVIEW_CONFLICT" } });
    expect(release.error?.message).toContain("its file is gone");
    const gone = { error: { code: "QUARANTINE_GONE" } };
    expect(await asks(`quarantine/${item}/release`, late)).toMatchObject(gone);
    expect(await asks(`quarantine/${item}/rescan`)).toMatchObject(gone);
  });
});
