import { describe, expect, it } from "vitest";
import { readInvitation } from "./invitation.ts";

describe("readInvitation", () => {
  it("reads the fields in any case and order, with or without the line end after the last", () => {
    const body =
      "invitation-COMMAND: INVITE\r\nApplication-FileSize: 0\r\napplication-guid: {5D3E02AB-6190-11D3-BBBB-00C04F795683}\r\nApplication-File: Übung \u202e.txt";
    for (const text of [body, `${body}\r\n`, `${body}\r\n\r\n`]) {
      expect(readInvitation(Buffer.from(text))).toMatchObject({
        ok: true,
        value: {
          command: "INVITE",
          fileSize: 0,
          fileName: "Übung \u202e.txt",
          guid: "{5d3e02ab-6190-11d3-bbbb-00c04f795683}",
          cookie: undefined,
        },
      });
    }
  });

  it("takes a value that ends with a colon, and an empty one", () => {
    const read = readInvitation(
      Buffer.from("Invitation-Command: ACCEPT\r\nRequest-Data: IP-Address:\r\nPort:\r\n"),
    );
    expect(read.ok && read.value.fields.get("request-data")).toBe("IP-Address:");
    expect(read.ok && read.value.fields.get("port")).toBe("");
  });
});
