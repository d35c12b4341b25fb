import { describe, expect, it } from "vitest";
import { loadHashList } from "./hash-list.ts";

const ONE = "9163eeea1263a71d74ed63a58b740b6bcc43e552afaad910eae145e1e431f1ae";

describe("loadHashList", () => {
  it("reads hashes in either case, and passes over comments and blank lines", () => {
    const text = `\uFEFF# known bad\r\n\r\n${ONE.toUpperCase()}  # from the incident\n  ${"0".repeat(64)}`;
    const list = loadHashList(text);
    expect(list).toEqual({ ok: true, value: new Set([ONE, "0".repeat(64)]) });
  });

  it("reads what sha256sum writes", () => {
    const zeros = "0".repeat(64);
    const text = `${ONE}  evil.exe\n${zeros} *a b#c.exe\n\\${"f".repeat(64)}  two\\nlines\n`;
    const list = loadHashList(text);
    expect(list).toEqual({ ok: true, value: new Set([ONE, zeros, "f".repeat(64)]) });
  });

  it("names every line that is no SHA-256", () => {
    const list = loadHashList(
      `${ONE}\n44d88612fea8a8f36de82e1278abb02f  a\n\nevil ${ONE}\n${ONE}0\n`,
    );
    expect(list).toEqual({
      ok: false,
      problem: [
        { line: 2, message: "a SHA-256 has 64 hex digits, this has 32" },
        { line: 4, message: "not a SHA-256 in hex at the beginning of a line" },
        { line: 5, message: "a SHA-256 has 64 hex digits, this has 65" },
      ],
    });
  });
});
