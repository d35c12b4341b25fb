import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createSipFramer, type SipFrame } from "../../src/wire/sip/framer.ts";
import { parseDatagram, type SipLimits } from "../../src/wire/sip/parse-message.ts";

const LIMITS: SipLimits = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };
const DIR = resolve(
  process.env["SLUICE_TORTURE_DIR"] ??
    join(import.meta.dirname, "../../../shared/data/sip-torture"),
);
const present = existsSync(join(DIR, "rfc4475", "expected.tsv"));
if (!present) {
  console.warn(`SIP torture messages skipped: ${DIR} is absent (set SLUICE_TORTURE_DIR)`);
}

/** The messages that the codec refuses, each with its problem; all others are read (what a proxy does then is its own matter). */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["badinv01.dat", "bad-via"],
  ["clerr.dat", "incomplete-body"],
  ["ncl.dat", "bad-content-length"],
  ["scalar02.dat", "bad-cseq"],
  ["scalarlg.dat", "bad-cseq"],
  ["quotbal.dat", "bad-to"],
  ["ltgtruri.dat", "bad-request-uri"],
  ["lwsruri.dat", "bad-start-line"],
  ["lwsstart.dat", "bad-start-line"],
  ["trws.dat", "bad-start-line"],
  ["escruri.dat", "bad-request-uri"],
  ["badaspec.dat", "bad-to"],
  ["baddn.dat", "incomplete-head"],
  ["badvers.dat", "bad-version"],
  ["mismatch01.dat", "cseq-method-mismatch"],
  ["mismatch02.dat", "cseq-method-mismatch"],
  ["bigcode.dat", "bad-status-code"],
  ["insuf.dat", "missing-header"],
  ["multi01.dat", "duplicate-header"],
  ["mcl01.dat", "duplicate-header"],
  ["ipv6-bad", "bad-request-uri"],
  ["ipv6-bug-abnf-3-colons", "bad-request-uri"],
]);

/** Refused, and nothing is answered: they are responses. */
const UNANSWERED: ReadonlySet<string> = new Set(["scalarlg.dat", "bigcode.dat"]);

interface Case {
  readonly file: string;
  readonly bytes: Buffer;
}

function cases(): readonly Case[] {
  if (!present) return [];
  return ["rfc4475", "rfc5118"].flatMap((set) =>
    readFileSync(join(DIR, set, "expected.tsv"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.split("\t")[0] ?? "")
      .map((file) => ({ file, bytes: readFileSync(join(DIR, set, file)) })),
  );
}

function outcomeOf(frame: SipFrame | undefined): string {
  if (frame === undefined) return "waits";
  if (frame.kind === "problem") return frame.problem.code;
  return frame.kind === "ping" ? "ping" : frame.message.bytes.toString("latin1");
}

describe.skipIf(!present)("the messages of RFC 4475 and RFC 5118", () => {
  it("are all there", () => {
    expect(cases()).toHaveLength(61);
  });

  it.each(cases())("are read or refused as a datagram: $file", ({ file, bytes }) => {
    const result = parseDatagram(bytes, LIMITS);
    expect(result.ok ? undefined : result.problem.code).toBe(REFUSED.get(file));
    const answerable = !result.ok && result.problem.partial !== undefined;
    expect(answerable).toBe(REFUSED.has(file) && !UNANSWERED.has(file));
  });

  it.each(cases())("are framed on a stream as they are read from a datagram: $file", (one) => {
    const [frame] = createSipFramer(LIMITS).push(one.bytes);
    expect(outcomeOf(frame)).toBe(expectedOnStream(one));
  });
});

/** A stream waits for what a datagram lacks, and needs the Content-Length that a datagram may leave out. */
function expectedOnStream({ file, bytes }: Case): string {
  if (file === "inv2543.dat") return "content-length-required";
  const datagram = parseDatagram(bytes, LIMITS);
  if (datagram.ok) return datagram.value.bytes.toString("latin1");
  const { code } = datagram.problem;
  return code === "incomplete-body" || code === "incomplete-head" ? "waits" : code;
}

describe.skipIf(!present)("fields of the torture messages", () => {
  const read = (file: string) => {
    const bytes = cases().find((one) => one.file === file)?.bytes ?? Buffer.alloc(0);
    const result = parseDatagram(bytes, LIMITS);
    if (!result.ok) throw new Error(result.problem.code);
    return result.value;
  };

  it("reads folded CSeq, tags and blanks before colons", () => {
    const message = read("wsinv.dat");
    expect(message.cseq).toEqual({ number: 9, method: "INVITE" });
    expect([message.fromTag, message.toTag]).toEqual(["98asjd8", "1918181833n"]);
    expect(message.body).toHaveLength(150);
  });

  it("takes the escaped method for another method than REGISTER", () => {
    expect(read("esc02.dat")).toMatchObject({ kind: "request", method: "RE%47IST%45R" });
  });

  it("cuts off the second message of a datagram", () => {
    expect(read("dblreq.dat").bytes.includes("INVITE")).toBe(false);
  });
});
