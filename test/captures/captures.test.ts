import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  agreedIn,
  playReceiver,
  playSender,
  type TransferCapture,
} from "../support/transfer-capture.ts";

const CAPTURES = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".json"))
  .map((name) => {
    const text = readFileSync(`${import.meta.dirname}/${name}`, "utf8");
    return { name, capture: JSON.parse(text) as TransferCapture };
  });

describe.each(CAPTURES)("what pidgin-sipe said and sent: $name", ({ capture }) => {
  const agreed = agreedIn(capture, 0);
  const fromSender = Buffer.from(capture.fromSender, "base64");
  const fromReceiver = Buffer.from(capture.fromReceiver, "base64");
  const { content } = playReceiver(capture, agreed, 0);

  it("agrees on the same wherever its SIP messages are cut", () => {
    const { keys: _, ...words } = agreed;
    expect(words).toMatchObject({ name: "Grüße, captured.dat", size: 5000 });
    const longest = Math.max(...capture.sip.map((text) => Buffer.byteLength(text)));
    for (let cut = 1; cut < longest; cut += 1) expect(agreedIn(capture, cut)).toMatchObject(words);
  });

  it("is decrypted to the file, and answered as its receiver did, wherever its stream is cut", () => {
    expect([...content]).toEqual(Array.from({ length: 5000 }, (_, i) => i % 251));
    for (let cut = 1; cut < fromSender.length; cut += 1) {
      const played = playReceiver(capture, agreed, cut);
      expect(played.proof).toMatchObject({ kind: "mac" });
      expect(played.content.equals(content)).toBe(true);
      expect(played.said.equals(fromReceiver)).toBe(true);
    }
  });

  it("is sent byte for byte as its sender did, wherever the receiver's stream is cut", () => {
    for (let cut = 1; cut < fromReceiver.length; cut += 1) {
      expect(playSender(capture, agreed, content, cut).equals(fromSender)).toBe(true);
    }
  });

  it("is found to be broken when one byte of the content has changed", () => {
    const at = fromSender.length - 100;
    fromSender[at] = (fromSender[at] ?? 0) ^ 1;
    const broken = { ...capture, fromSender: fromSender.toString("base64") };
    expect(() => playReceiver(broken, agreed, 0)).toThrow("MAC");
  });
});
