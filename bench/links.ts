/**
 * What finding links costs for texts of 64 kB that are made to be slow, plain and as HTML, and for ordinary ones:
 *
 *   npx node bench/links.ts
 *
 * A line is one text: the first run (cold caches of everything that this text alone uses), the median and the worst of nine more, in
 * milliseconds of this thread's processor, so that a busy machine changes little, and how many links were found, or that the search gave up, which refuses the message. The bar is 20 ms.
 */
import { findHtmlLinks } from "../src/inspect/find-html-links.ts";
import { findLinks, type LinkSearch } from "../src/inspect/find-links.ts";
import { HOSTILE_UNITS } from "../test/support/hostile-link-texts.ts";

const SIZE = 65_536;
const LIMIT = 1000;
const BAR_MS = 20;
const ROUNDS = 9;

const ORDINARY: readonly (readonly [string, string])[] = [
  ["500 bytes, no link", "see you at the meeting tomorrow, bring the figures. ".repeat(10)],
  ["500 bytes, one link", `${"see you at the meeting. ".repeat(20)}https://example.com/a/b?c=d`],
];

function measure(search: () => LinkSearch): string {
  const times: number[] = [];
  let found: LinkSearch | undefined;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const begin = process.threadCpuUsage();
    found = search();
    const { user, system } = process.threadCpuUsage(begin);
    times.push((user + system) / 1000);
  }
  const [first = 0, ...others] = times;
  others.sort((a, b) => a - b);
  const columns = [first, others[ROUNDS >> 1] ?? 0, others.at(-1) ?? 0];
  const links = found?.complete === true ? String(found.links.length) : "gave up";
  const over = columns.some((time) => time > BAR_MS) ? " OVER" : "";
  return `${columns.map((time) => time.toFixed(2).padStart(8)).join("")}${links.padStart(9)}${over}`;
}

process.stdout.write(`${"".padEnd(44)}   first  median   worst    links\n`);
for (const [name, text] of ORDINARY) {
  process.stdout.write(`${name.padEnd(44)}${measure(() => findLinks(text, LIMIT))}\n`);
}
for (const unit of HOSTILE_UNITS) {
  const text = unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE);
  const name = JSON.stringify(unit).slice(0, 36);
  const plain = measure(() => findLinks(text, LIMIT));
  process.stdout.write(`${`text ${name}`.padEnd(44)}${plain}\n`);
  const html = measure(() => findHtmlLinks(text, LIMIT));
  process.stdout.write(`${`html ${name}`.padEnd(44)}${html}\n`);
}
