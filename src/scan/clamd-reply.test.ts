import { describe, expect, it } from "vitest";
import { MAX_REPLY_BYTES, parseClamdReply } from "./clamd-reply.ts";

function meaning(reply: string): string {
  const answer = parseClamdReply(Buffer.from(reply, "latin1"));
  if ("threat" in answer) return `${answer.kind} ${answer.threat}`;
  return "reason" in answer ? `${answer.kind} ${answer.reason}` : answer.kind;
}

describe("parseClamdReply", () => {
  it.each([
    ["stream: OK\0", "clean"],
    ["stream: OK\n", "clean"],
    ["stream: Eicar-Test-Signature FOUND\0", "infected Eicar-Test-Signature"],
    ["stream: Sluice.Test.EICAR.UNOFFICIAL FOUND\n", "infected Sluice.Test.EICAR.UNOFFICIAL"],
    ["stream: A name with blanks FOUND\0", "infected A name with blanks"],
    ["stream: FOUND FOUND\0", "infected FOUND"],
    [`stream: Win.X(${"a".repeat(32)}:68) FOUND\0`, "infected Win.X"],
    ["stream: Heuristics.Broken.Executable FOUND\0", "suspicious Heuristics.Broken.Executable"],
    ["stream: PUA.Win.Packer.X FOUND\0", "suspicious PUA.Win.Packer.X"],
    ["stream: Heuristics.Encrypted.Zip FOUND\0", "unscannable encrypted"],
    [`stream: Heuristics.Encrypted.PDF(${"0".repeat(64)}:1) FOUND\0`, "unscannable encrypted"],
    ["stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0", "unscannable too-deep"],
    ["stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", "unscannable too-large"],
    ["stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0", "unscannable bomb"],
    ["stream: Heuristics.Limits.Exceeded.MaxFiles FOUND\0", "unscannable bomb"],
    ["stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND\0", "unscannable bomb"],
    ["stream: Heuristics.Limits.Exceeded FOUND\0", "unscannable too-large"],
    ["INSTREAM size limit exceeded. ERROR\0", "unscannable too-large"],
    ["INSTREAM size limit exceeded. ERROR\n", "unscannable too-large"],
    ["", "error down"],
    ["\0", "error bad-reply"],
    ["stream: OK", "error bad-reply"],
    ["stream: OK\0\0", "error bad-reply"],
    ["stream: OK\0\n", "error bad-reply"],
    ["stream: OK\r\n", "error bad-reply"],
    ["\nstream: OK\0", "error bad-reply"],
    ["stream: ok\0", "error bad-reply"],
    ["stream:  OK\0", "error bad-reply"],
    ["stream: OK \0", "error bad-reply"],
    ["stream: X FOUND\0stream: OK\0", "error bad-reply"],
    ["1: stream: OK\0", "error bad-reply"],
    ["fd[5]: OK\0", "error bad-reply"],
    ["instream(local): OK\0", "error bad-reply"],
    ["stream: OK FOUND", "error bad-reply"],
    ["stream:  FOUND\0", "error bad-reply"],
    ["stream: FOUND\0", "error bad-reply"],
    ["stream: \x1b[2J FOUND\0", "error bad-reply"],
    [`stream: ${"x".repeat(257)} FOUND\0`, "error bad-reply"],
    ["COMMAND READ TIMED OUT\n", "error bad-reply"],
    ["UNKNOWN COMMAND\0", "error bad-reply"],
    ["stream: Can't allocate memory ERROR\0", "error bad-reply"],
    ["\xe9\xff", "error bad-reply"],
  ])("reads %j as %s", (reply, expected) => {
    expect(meaning(reply)).toBe(expected);
  });

  it("takes nothing longer than a reply can be", () => {
    expect(meaning(`stream: ${"x".repeat(MAX_REPLY_BYTES)} FOUND\0`)).toBe("error bad-reply");
  });
});
