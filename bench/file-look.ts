/**
 * What the look at a file costs (decision 063): archives of 2,000 members, the most that are looked at, each to its end, and what rules
 * are asked about of them.
 *
 *   npx node bench/file-look.ts
 *
 * CPU time of the one thread, ms. Exits with 1 when a file takes more than two seconds in the mean of ten.
 */
import { randomBytes } from "node:crypto";
import { viewOf } from "../src/content/byte-view.ts";
import { fileContent } from "../src/content/file-content.ts";
import { lookIntoFile } from "../src/content/look-into-file.ts";
import { zipFile } from "../test/support/zip-file.ts";

const MEMBERS = 2000;

type Member = Parameters<typeof zipFile>[0][number];

function zipOf(member: (n: number) => Member): Buffer {
  return zipFile(Array.from({ length: MEMBERS }, (_, n) => member(n)));
}

const words = "See you at three, and bring the signed copies of the report along. ".repeat(40);
const zeros = Buffer.alloc(100_000);
const noise = randomBytes(3000);
const inner = zipFile([{ name: "a.txt", data: "x" }]);

const FILES: Readonly<Record<string, Buffer>> = {
  texts: zipOf((n) => ({ name: `folder/file ${n}.txt`, data: words })),
  zeros: zipOf((n) => ({ name: `${n}.bin`, data: zeros })),
  noise: zipOf((n) => ({ name: `${n}.jpg`, data: noise })),
  "odd names": zipOf((n) => ({ name: `d/${"\u00e9\u202e".repeat(10)}${n}.t%41${n}t`, data: "x" })),
  zips: zipOf((n) => ({ name: `${n}.zip`, data: inner })),
};

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

console.log("                first      mean");
for (const [name, bytes] of Object.entries(FILES)) {
  const times = Array.from({ length: 11 }, () => {
    const start = cpuMs();
    fileContent(lookIntoFile(viewOf(bytes)), undefined);
    return cpuMs() - start;
  });
  const [first = 0, ...warm] = times;
  const mean = warm.reduce((sum, time) => sum + time, 0) / warm.length;
  console.log(`${name.padEnd(12)}${first.toFixed(1).padStart(9)}${mean.toFixed(1).padStart(10)}`);
  if (mean > 2000) process.exitCode = 1;
}
