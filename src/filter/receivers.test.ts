import { expect, it } from "vitest";
import { createDialogBench } from "./dialog-bench.test-data.ts";

const READERS = Array.from({ length: 30 }, (_, i) => ({
  id: `reads-${i}`,
  when: { text: { regex: `[a-z]{3}[0-9]{${4 + (i % 5)}}x{${1 + i}}` } },
  then: "block",
}));
const INSPECT = { linksPerMessage: 9, mimeDepth: 5, attachmentBytes: 10_000, textBytes: 131_072 };

/** A text for so many receivers. */
function said(text: string, receivers: number) {
  const entries = Array.from({ length: receivers }, (_, i) => `<entry uri="sip:u${i}@a.example"/>`);
  const list = `<resource-lists><list>${entries.join("")}</list></resource-lists>`;
  const lines = ["--x", "Content-Type: text/plain", "", text].concat(
    ["--x", "Content-Type: application/resource-lists+xml"],
    ["Content-Disposition: recipient-list", "", list, "--x--", ""],
  );
  return { type: "multipart/mixed;boundary=x", body: lines.join("\r\n") };
}

it("a text for a hundred receivers costs regular expressions what it costs for one", async () => {
  const bench = createDialogBench({ version: 1, rules: READERS }, { inspect: INSPECT });
  const long = "abc1234 de567 ".repeat(1500);
  expect((await bench.sends("alice", said(long, 100))).status).toBeUndefined();
  const tooLong = "abc1234 de567 ".repeat(4000);
  const statuses: (number | undefined)[] = [];
  for (const receivers of [1, 100])
    statuses.push((await bench.sends("alice", said(tooLong, receivers))).status);
  expect(statuses).toEqual([606, 606]);
  const begin = process.cpuUsage();
  for (let n = 0; n < 5; n += 1) await bench.sends("alice", said(long, 100));
  expect(process.cpuUsage(begin).user / 1000 / 5).toBeLessThan(150);
});
