import { describe, expect, it } from "vitest";
import { messageRequest } from "../../test/support/parsed-request.ts";
import { mayHideParts } from "./hidden-parts.ts";

const MIXED = "multipart/mixed; boundary=b";

function hides(body: string, type = MIXED, extra: readonly string[] = []): boolean {
  return mayHideParts(messageRequest(body, { type, extra }));
}

describe("mayHideParts", () => {
  it.each([
    ["text", "hello", "text/plain", []],
    ["parts", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", MIXED, []],
    [
      "an encoded attachment",
      "--b\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lG\r\n--b--\r\n",
      MIXED,
      [],
    ],
    [
      "parts in parts, as they are",
      "--b\r\nContent-Type: multipart/mixed; boundary=c\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
      MIXED,
      ["Content-Transfer-Encoding: binary"],
    ],
  ] as const)("does not suspect %s", (_what, body, type, extra) => {
    expect(hides(body, type, extra)).toBe(false);
  });

  it.each([
    ["parts in base64", "LS1i", MIXED, ["Content-Transfer-Encoding: base64"]],
    ["a comment before the word", "LS1i", MIXED, ["Content-Transfer-Encoding: (7bit) base64"]],
    [
      "parts in parts in quoted-printable",
      "--b\r\nCONTENT-TRANSFER-ENCODING:\tQuoted-Printable\r\nContent-Type: multipart/mixed\r\n\r\n",
      MIXED,
      [],
    ],
    [
      "a message in base64 that a digest need not name",
      "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQ29udGVudA==\r\n--b--\r\n",
      "multipart/digest; boundary=b",
      [],
    ],
    [
      "a message in an encoding that nobody knows",
      "--b\r\nContent-Type: message/cpim\r\nContent-Transfer-Encoding: x-uue\r\n\r\n",
      MIXED,
      [],
    ],
  ] as const)("suspects %s", (_what, body, type, extra) => {
    expect(hides(body, type, extra)).toBe(true);
  });
});
