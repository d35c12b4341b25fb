import { describe, expect, it } from "vitest";
import { readSdpMedia } from "./sdp.ts";

describe("readSdpMedia", () => {
  it("says where each port stands, with CRLF and with LF, whatever stands before", () => {
    for (const eol of ["\r\n", "\n"]) {
      const text = [
        "head",
        "v=0",
        "m=audio  4000/2  RTP/AVP 0  8 ",
        "a=sendonly",
        "m=message 2855 TCP/MSRP *",
        "a=path:msrp://x;tcp",
        "",
      ].join(eol);
      const bytes = Buffer.from(text);
      const read = readSdpMedia(bytes, 4 + eol.length, bytes.length);
      if (!read.ok) throw new Error(read.problem.detail);
      expect(read.value.map((m) => text.slice(m.portStart, m.portEnd))).toEqual(["4000", "2855"]);
      expect(read.value[0]).toMatchObject({
        media: "audio",
        protocol: "RTP/AVP",
        formats: ["0", "8"],
        attributes: [{ name: "sendonly", value: "" }],
      });
      expect(read.value[1]?.attributes).toEqual([{ name: "path", value: "msrp://x;tcp" }]);
    }
  });

  it("bears a body that ends without a line end or with an empty line", () => {
    for (const text of ["v=0\r\nm=audio 1 RTP/AVP 0", "v=0\r\nm=audio 1 RTP/AVP 0\r\n\r\n"]) {
      const bytes = Buffer.from(text);
      expect(readSdpMedia(bytes, 0, bytes.length)).toMatchObject({
        ok: true,
        value: [{ port: 1 }],
      });
    }
  });

  it("refuses more than 1,000 media lines", () => {
    const read = (count: number): unknown => {
      const bytes = Buffer.from(`v=0\r\n${"m=audio 9 A 0\r\n".repeat(count)}`);
      return readSdpMedia(bytes, 0, bytes.length);
    };
    expect(read(1_000)).toMatchObject({ ok: true });
    expect(read(1_001)).toMatchObject({ problem: { code: "broken-sdp" } });
  });
});
