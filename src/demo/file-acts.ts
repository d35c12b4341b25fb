import { hash, randomInt } from "node:crypto";
import { disguisedPort } from "../wire/msnftp/disguised-port.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import { expect, incidentIn, textAt, type Act, type Stage } from "./act.ts";
import type { DemoGateway } from "./demo-gateway.ts";
import { fetchFile, serveFile, type FetchedFile, type ServedFile } from "./file-legs.ts";
import { FileTalk, type DemoFile } from "./file-talk.ts";
import { refusalOf } from "./text-acts.ts";

/** Acts 4 to 6: what is sent. */
export const FILE_ACTS: readonly Act[] = [
  {
    title: "A program",
    async play(stage) {
      const { tell, gateway } = stage;
      const file = { name: "setup.exe", bytes: Buffer.alloc(65_536) };
      tell.says("Alice offers", `${file.name}, ${countOf(file.bytes)}`);
      const talk = await FileTalk.begin(stage);
      const answer = await talk.offer(file);
      expect(answer.status >= 400, `the offer was answered ${answer.status}`);
      const told = refusalOf(answer);
      tell.says("Alice is told", told);
      const { id, rule } = await incidentIn(told, gateway);
      expect(!talk.hasReachedBob, "Bob was asked all the same");
      tell.says("Bob", "is not even asked");
      return `refused at the offer: rule ${rule}, incident ${id}`;
    },
  },
  {
    title: "A clean file",
    async play(stage) {
      const { tell } = stage;
      const line = "Nothing but the figures of the quarter.\n";
      const file = { name: "report.txt", bytes: Buffer.alloc(200_000, line) };
      tell.says("Alice sends", `${file.name}, ${countOf(file.bytes)}, ${digestOf(file.bytes)}`);
      await using transfer = await begin(stage, file);
      const [sent, fetched] = await Promise.all([transfer.served.done, transfer.fetching]);
      expect(sent.sentBytes === file.bytes.length, `she could send ${sent.sentBytes} bytes only`);
      expect(fetched.end === "complete", `Bob's transfer ended early: ${fetched.end}`);
      tell.says("Bob receives", `${countOf(fetched.bytes)}, ${digestOf(fetched.bytes)}`);
      expect(fetched.bytes.equals(file.bytes), "it is not the same file");
      const wait = (fetched.firstByteAtMs ?? 0) - (sent.lastByteAtMs ?? Infinity);
      expect(wait >= 0, "his first byte came before the gateway had seen her last one");
      tell.says("", "not one byte of it before the gateway had all of it, and had scanned it");
      return "scanned and delivered, the same to the byte";
    },
  },
  {
    title: "An infected file",
    async play(stage) {
      const { tell, alice, gateway } = stage;
      const file = { name: "notes.txt", bytes: eicar() };
      tell.says("Alice sends", `${file.name}, ${countOf(file.bytes)}: the harmless test file`);
      tell.says("", "that every antivirus program takes for malware (EICAR)");
      await using transfer = await begin(stage, file);
      const [sent, fetched] = await Promise.all([transfer.served.done, transfer.fetching]);
      expect(sent.sentBytes === file.bytes.length, `she could send ${sent.sentBytes} bytes only`);
      expect(fetched.bytes.length === 0, `Bob got ${fetched.bytes.length} bytes of it`);
      await transfer.talk.hears(stage.bob, "CANCEL", "end of the offer");
      tell.says("Bob receives", "0 bytes; the offer is withdrawn");
      const notice = await alice.reads("notice", /notes\.txt.*INC-/s);
      tell.says("Alice is told", notice);
      const { id, rule, action } = await incidentIn(notice, gateway);
      expect(action === "quarantine", `the record says ${action}`);
      await expectKept(gateway, id, digestOf(file.bytes));
      return `in quarantine, as evidence: rule ${rule}, incident ${id}`;
    },
  },
];

interface Transfer extends AsyncDisposable {
  readonly talk: FileTalk;
  readonly served: ServedFile;
  readonly fetching: Promise<FetchedFile>;
}

/** From the offer to the moment when both have their connections. */
async function begin(stage: Stage, file: DemoFile): Promise<Transfer> {
  const { alice, bob, gateway, tell, clock } = stage;
  const talk = await FileTalk.begin(stage);
  const answer = await talk.offer(file);
  expect(answer.status === 200, `the offer was answered ${refusalOf(answer)}`);
  const offered = await talk.hears(bob, "INVITE", "offer");
  expect(offered.fileSize === file.bytes.length, "Bob was told another size");
  const secrets = await talk.accept();
  await talk.hears(alice, "ACCEPT", "acceptance");
  await using stack = new AsyncDisposableStack();
  const authCookie = String(randomInt(100_000_000, 1_000_000_000));
  const common = { secrets, user: bob.address };
  const served = stack.use(await serveFile({ ...common, authCookie, bytes: file.bytes }, clock));
  await talk.tellAddress(served.port, authCookie);
  const where = addressIn(await talk.hears(bob, "ACCEPT", "address"));
  const [first, last] = gateway.relayPorts;
  const isRelayed = where.port >= first && where.port <= last && where.port !== served.port;
  expect(isRelayed, `Bob was sent to port ${where.port}, past the gateway`);
  tell.says("The gateway", `steps in between: Alice waits at port ${served.port},`);
  tell.says("", `Bob is told port ${where.port}`);
  const size = file.bytes.length;
  const fetching = fetchFile({ ...common, ...where, size }, clock);
  stack.defer(() => fetching.then(() => undefined));
  const owned = stack.move();
  return { talk, served, fetching, [Symbol.asyncDispose]: async () => owned.disposeAsync() };
}

function addressIn(accepted: Invitation): {
  readonly host: string;
  readonly port: number;
  readonly authCookie: string;
} {
  const host = accepted.fields.get("ip-address");
  const port = Number(accepted.fields.get("port"));
  const authCookie = accepted.fields.get("authcookie");
  expect(host !== undefined && authCookie !== undefined, "Bob was told no address");
  const disguised = Number(accepted.fields.get("portx"));
  expect(disguised === disguisedPort(port), "PortX names another port than Port");
  return { host, port, authCookie };
}

/** `sluice quarantine list` knows the file. */
async function expectKept(gateway: DemoGateway, incident: string, digest: string): Promise<void> {
  const { code, stdout } = await gateway.cli("quarantine", "list", "-o", "ndjson");
  expect(code === 0, `sluice quarantine list ended with ${code}`);
  const kept = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line))
    .filter((one) => textAt(one, "incident") === incident);
  expect(kept.length === 1, `the quarantine has ${kept.length} copies for ${incident}`);
  expect(textAt(kept[0], "sha256").startsWith(digest.slice(-13, -1)), "it keeps another file");
}

// Put together at run time, so that no scanner on the developer's machine takes this source away.
function eicar(): Buffer {
  const pieces = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "$H+H*"];
  return Buffer.from(pieces.join(""), "latin1");
}

function countOf(bytes: Buffer): string {
  return `${bytes.length.toLocaleString("en-GB")} bytes`;
}

/** Enough of it for two people to compare. */
function digestOf(bytes: Buffer): string {
  return `SHA-256 ${hash("sha256", bytes).slice(0, 12)}…`;
}
