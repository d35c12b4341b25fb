import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fateInAWord, TortureStage } from "../support/torture-stage.ts";

const DIR = resolve(
  process.env["SLUICE_TORTURE_DIR"] ??
    join(import.meta.dirname, "../../../shared/data/sip-torture"),
);
const present = existsSync(join(DIR, "rfc4475", "expected.tsv"));
if (!present) {
  console.warn(`SIP torture messages skipped: ${DIR} is absent (set SLUICE_TORTURE_DIR)`);
}

/** File, fate over UDP, fate over TCP (fateInAWord), and why where the RFC leaves a choice or we are stricter. */
type Row = readonly [file: string, udp: string, tcp: string, why?: string];

const RFC4475: readonly Row[] = [
  ["wsinv.dat", "forwarded", "forwarded"],
  ["intmeth.dat", "forwarded", "forwarded"],
  ["esc01.dat", "forwarded", "forwarded"],
  ["escnull.dat", "forwarded", "forwarded"],
  ["esc02.dat", "forwarded", "forwarded"],
  ["lwsdisp.dat", "forwarded", "forwarded"],
  ["longreq.dat", "forwarded", "forwarded"],
  [
    "dblreq.dat",
    "forwarded",
    "forwarded closed",
    "over a stream the INVITE is a second request, and what stands behind it ends the connection",
  ],
  ["semiuri.dat", "forwarded", "forwarded"],
  ["transports.dat", "forwarded", "forwarded"],
  [
    "mpart01.dat",
    "400",
    "400",
    "stricter: its Route has no lr, and strict routing would put another Request-URI into what has been judged (targets.ts)",
  ],
  ["unreason.dat", "silence", "silence"],
  ["noreason.dat", "silence", "silence"],
  ["badinv01.dat", "400", "400"],
  ["clerr.dat", "400", "silence", "a stream waits for the rest of the body"],
  ["ncl.dat", "400", "400 closed"],
  ["scalar02.dat", "400", "400"],
  ["scalarlg.dat", "silence", "silence"],
  ["quotbal.dat", "400", "400"],
  ["ltgtruri.dat", "400", "400"],
  ["lwsruri.dat", "400", "400 closed"],
  ["lwsstart.dat", "400", "400 closed"],
  ["trws.dat", "400", "400 closed", "of the two that the RFC allows the stricter"],
  ["escruri.dat", "400", "400", "of the two that the RFC allows the stricter"],
  ["baddate.dat", "forwarded", "forwarded", "the Date is no concern of a proxy"],
  ["regbadct.dat", "forwarded", "forwarded", "the Contact is the registrar's to judge"],
  ["badaspec.dat", "400", "400", "of the two that the RFC allows the stricter"],
  [
    "baddn.dat",
    "400",
    "silence",
    "of the two that the RFC allows the stricter; the file ends before its head does, so a stream waits",
  ],
  ["badvers.dat", "505", "505 closed"],
  ["mismatch01.dat", "400", "400"],
  ["mismatch02.dat", "400", "400"],
  ["bigcode.dat", "silence", "silence"],
  ["badbranch.dat", "forwarded", "forwarded"],
  ["insuf.dat", "400", "400"],
  ["unkscm.dat", "416", "416"],
  ["novelsc.dat", "416", "416"],
  ["unksm2.dat", "forwarded", "forwarded"],
  ["bext01.dat", "420", "420"],
  ["invut.dat", "forwarded", "forwarded"],
  ["regaut01.dat", "forwarded", "forwarded"],
  ["multi01.dat", "400", "400"],
  ["mcl01.dat", "400", "400 closed"],
  ["bcast.dat", "silence", "silence"],
  ["zeromf.dat", "200", "200", "an OPTIONS that may go no further is answered here"],
  ["cparam01.dat", "forwarded", "forwarded"],
  ["cparam02.dat", "forwarded", "forwarded"],
  ["regescrt.dat", "forwarded", "forwarded"],
  ["sdp01.dat", "forwarded", "forwarded"],
  [
    "inv2543.dat",
    "forwarded",
    "400 closed",
    "RFC 3261 §18.3: on a stream there must be a Content-Length",
  ],
];

const RFC5118: readonly Row[] = [
  ["ipv6-good", "forwarded", "forwarded"],
  ["ipv6-bad", "400", "400"],
  ["port-ambiguous", "forwarded", "forwarded"],
  ["port-unambiguous", "forwarded", "forwarded"],
  ["via-received-param-with-delim", "forwarded", "forwarded"],
  ["via-received-param-no-delim", "forwarded", "forwarded"],
  ["ipv6-in-sdp", "forwarded", "forwarded"],
  ["mult-ip-in-header", "forwarded", "forwarded"],
  ["mult-ip-in-sdp", "forwarded", "forwarded"],
  ["ipv4-mapped-ipv6", "forwarded", "forwarded"],
  ["ipv6-bug-abnf-3-colons", "400", "400", "of the two that the RFC allows the stricter"],
  ["ipv6-correct-abnf-2-colons", "forwarded", "forwarded"],
];

const CASES = [
  ...RFC4475.map((row) => ["rfc4475", ...row] as const),
  ...RFC5118.map((row) => ["rfc5118", ...row] as const),
].flatMap(([set, file, udp, tcp]) => [
  { set, file, transport: "udp" as const, expected: udp },
  { set, file, transport: "tcp" as const, expected: tcp },
]);

describe.skipIf(!present)("the messages of RFC 4475 and RFC 5118 at the running gateway", () => {
  let stage: TortureStage;

  beforeAll(async () => {
    stage = await TortureStage.open();
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it("are all in the table", () => {
    const listed = ["rfc4475", "rfc5118"].flatMap((set) =>
      readFileSync(join(DIR, set, "expected.tsv"), "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((row) => row.split("\t")[0] ?? ""),
    );
    expect([...RFC4475, ...RFC5118].map(([file]) => file)).toEqual(listed);
    expect(listed).toHaveLength(61);
  });

  it.each(CASES)(
    "$transport, $set/$file: $expected",
    async ({ set, file, transport, expected }) => {
      const message = readFileSync(join(DIR, set, file));
      const fate = await stage.send(transport, message);
      expect(fateInAWord(fate)).toBe(expected);
      for (const request of fate.forwarded) {
        expect(message.includes(`${request.startLine}\r\n`)).toBe(true);
        expect(message.includes(request.body)).toBe(true);
      }
    },
  );

  it("take what looks like an INVITE behind the body of a datagram for noise (RFC 4475 §3.1.1.8)", async () => {
    const { forwarded } = await stage.send("udp", readFileSync(join(DIR, "rfc4475/dblreq.dat")));
    expect(forwarded.map((request) => request.method)).toEqual(["REGISTER"]);
  });

  it("tell which extensions a proxy does not know (RFC 4475 §3.3.5)", async () => {
    const { answer } = await stage.send("udp", readFileSync(join(DIR, "rfc4475/bext01.dat")));
    expect(answer?.header("unsupported")).toContain("noProxiesSupportThis");
  });
});
