import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig } from "../support/write-config.ts";

const run = promisify(execFile);
const MEGABYTE = 1024 * 1024;
const SMALL_DISKS_NEED = "root, for a small tmpfs";

/** A spool on a disk of 8 MB: what has to be there besides (incidents, logs) lies elsewhere. */
describe.skipIf(process.getuid?.() !== 0)(`a full disk (needs ${SMALL_DISKS_NEED})`, () => {
  let dir: string;
  let spool: string;
  let gateway: GatewayProcess;
  let story: FileStory;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sluice-disk-"));
    spool = join(dir, "data", "spool");
    await mkdir(spool, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", spool]);
    const ports = await freePortRange(2);
    const config = await writeConfig(dir, {
      relay: { msnftp: { ports: ports.text } },
      limits: { spool_reserve: "1MiB" },
    });
    gateway = await GatewayProcess.startIn(dir, config);
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
  });

  afterAll(async () => {
    await story[Symbol.asyncDispose]();
    await gateway.stop();
    await run("umount", [spool]);
    await rm(dir, { recursive: true, force: true });
  });

  async function arrives(name: string): Promise<void> {
    const agreed = await story.agree({ name, bytes: harmlessBytes(MEGABYTE) });
    expect((await agreed.sender.result).end).toBe("bye");
    expect((await agreed.receiver.result).end).toBe("complete");
  }

  it("refuses a file that has no room, before a byte of it has come, and takes one that has", async () => {
    const offer = await story.alice.offers({
      name: "large.dat",
      bytes: harmlessBytes(9 * MEGABYTE),
    });
    const { keys } = await story.bob.accepts(await story.bob.sees("INVITE", offer.cookie));
    expect(keys).toBeDefined();
    const accepted = await story.alice.sees("ACCEPT", offer.cookie);
    const { answer } = await story.alice.serves(offer, accepted, story.bob);
    expect(answer.status).toBe(606);
    expect(answer.header("Warning")).toMatch(/not available now.*INC-/);
    const cancel = await story.bob.sees("CANCEL", offer.cookie);
    expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
    await arrives("small.dat");
  });

  it("fails a transfer when the disk fills in the middle, tells both, and goes on when there is room", async () => {
    const bytes = harmlessBytes(5 * MEGABYTE);
    const sending = { faults: { pauseMs: 1 } };
    const agreed = await story.agree({ name: "middle.dat", bytes }, { sending });
    const filler = join(spool, "somebody-elses");
    await writeFile(filler, Buffer.alloc(8 * MEGABYTE)).catch(() => undefined);
    await story.alice.sees("CANCEL", agreed.offer.cookie, 30_000);
    await story.bob.sees("CANCEL", agreed.offer.cookie, 30_000);
    expect((await agreed.receiver.result).content).toHaveLength(0);
    agreed.sender.vanishes();
    const failed = await waitUntil("the event", async () =>
      (await gateway.transferEvents()).find((event) => event["delivery"] === "failed"),
    );
    expect(failed).toMatchObject({ reason: "disk-full" });
    await story.alice.says("messages still pass");
    expect(await story.bob.hears()).toContain("messages still pass");
    await rm(filler);
    await arrives("afterwards.dat");
  });
});
