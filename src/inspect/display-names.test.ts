import { describe, expect, it } from "vitest";
import { displayNames } from "./display-names.ts";

const CISCO =
  "<sip:af9a@10.1.1.1:49382;transport=tcp>;" +
  '+sip.instance="<urn:uuid:00000000-0000-0000-0000-ecc882a5b0a2>";' +
  '+u.sip!devicename.ccm.cisco.com="SEPECC882A5B0A2";+u.sip!model.ccm.cisco.com="683"';

describe("displayNames", () => {
  it.each([
    ["angle brackets in the name", '"<x>http://evil.example/a" <sip:a@b>', "http://evil.example/a"],
    ["a comma in the name", '"a, www.evil.example" <sip:a@b>', "www.evil.example"],
    ["a quote in the name", '"a\\" <x> www.evil.example" <sip:a@b>', "www.evil.example"],
    ["the second of two", '"a" <sip:a@b>;p="x,y", www.evil.example <sip:c@d>', "www.evil.example"],
    ["an address that never ends", "www.evil.example <sip:a@b", "www.evil.example"],
    ["a quote that never ends", '<sip:a@b>;x="y, www.evil.example <sip:c@d>', "www.evil.example"],
  ])("finds the name with %s", (_, value, name) => {
    expect(displayNames(value)).toContain(name);
  });

  it.each([
    ["a Cisco phone", CISCO],
    [
      "a phone of IMS",
      '<sip:a@b>;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel";video',
    ],
    ["a GRUU", '<sip:a@192.0.2.1>;pub-gruu="sip:a@example.com;gr=urn:uuid:1";expires=60'],
    ["no name", "<sip:a@www.example.com>"],
    ["a bare address", "sip:a@www.example.com;tag=1"],
  ])("takes no parameter for a name: %s", (_, value) => {
    expect(displayNames(value)).toBe("");
  });

  it("reads each character a few times only", () => {
    const begin = process.cpuUsage();
    for (const piece of ["<>,", '"<', '<>"', '"\\', '<>;a="b",', "<"])
      displayNames(piece.repeat(65_536 / piece.length));
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(200);
  });
});
