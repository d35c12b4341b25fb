import { spawn } from "node:child_process";
import { freePort } from "../../support/free-port.ts";
import type { Address } from "../../support/sip-socket.ts";
import { UdpTap, type Exchange } from "../../support/udp-tap.ts";

/** What one of its programs has found, and what it has seen. */
export interface ScanResult {
  readonly code: number | null;
  /** Rows of the table that it prints: extension, and what it takes it for or its password. */
  readonly found: Readonly<Record<string, string>>;
  readonly exchanges: readonly Exchange[];
}

/** Looks for users from one number to another by requests of that method. */
export async function svwar(
  target: Address,
  method: string,
  range: string,
  domain: string,
): Promise<ScanResult> {
  // Without --force it gives up where everybody is asked for a password.
  const args = ["-m", method, "-e", range, "--domain", domain, "--force"];
  return runTool("svwar", args, target);
}

/** Tries every word for that user's password. */
export async function svcrack(
  target: Address,
  user: string,
  words: readonly string[],
  domain: string,
): Promise<ScanResult> {
  const args = ["-u", user, "-d", "-", "--domain", domain];
  return runTool("svcrack", args, target, `${words.join("\n")}\n`);
}

async function runTool(
  program: string,
  args: readonly string[],
  target: Address,
  input = "",
): Promise<ScanResult> {
  await using tap = await UdpTap.open(target);
  const own = ["-P", String(await freePort("127.0.0.1")), "-x", "127.0.0.1"];
  const at = `udp://${tap.near.address}:${tap.near.port}`;
  const child = spawn(program, [...args, ...own, at], { stdio: ["pipe", "pipe", "ignore"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  const code = await promise;
  return { code, found: readTable(output), exchanges: tap.exchanges };
}

function readTable(output: string): Readonly<Record<string, string>> {
  const rows = [...output.matchAll(/^\|\s*(\S+)\s*\|\s*(.*?)\s*\|$/gm)];
  return Object.fromEntries(rows.slice(1).map((row) => [row[1] ?? "", row[2] ?? ""]));
}
