import { describe, expect, it } from "vitest";
import { asMail, readByPostalMime, readByPython } from "../support/mime-readers.ts";
import { ordinaryMessages } from "../support/ordinary-messages.ts";
import { parsedBytes } from "../support/parsed-request.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { shippedVerdict } from "../support/shipped-verdict.ts";

const MESSAGES = 10_000;

describe("messages as real clients send them", () => {
  it("are of sixty kinds or more", () => {
    expect(ordinaryMessages().length).toBeGreaterThanOrEqual(60);
  });

  it("pass byte for byte, ten thousand of them, and none is refused for strictness", () => {
    const random = seededRandom(20_240_304);
    const kinds = ordinaryMessages();
    const wrong = new Map<string, number>();
    for (let i = 0; i < MESSAGES; i++) {
      const { name, build } = kinds[i % kinds.length] ?? kinds[0]!;
      const request = build(random);
      const { out, untouched, reason, verdict } = shippedVerdict(request);
      const decoded = request.findName("content-encoding") >= 0;
      const passed = out !== undefined && (untouched || (decoded && verdict.action === "allow"));
      if (passed && shippedVerdict(parsedBytes(out)).untouched) continue;
      const what = `${name}: ${out === undefined ? "refused" : "changed"} ${reason} ${verdict.problem?.detail ?? ""}`;
      wrong.set(what, (wrong.get(what) ?? 0) + 1);
    }
    expect(Object.fromEntries(wrong)).toEqual({});
  });

  it("with a link in them are disarmed so that no reader finds it live, or refused", async () => {
    const random = seededRandom(7);
    const link = "http://evil.example/page";
    const mails: { readonly name: string; readonly mail: Buffer }[] = [];
    const wrong: string[] = [];
    let refused = 0;
    for (const { name, build } of ordinaryMessages()) {
      const request = build(random, `Grüße: see ${link} and <b>`);
      const { out, verdict } = shippedVerdict(request);
      if ((verdict.inspection?.links ?? []).length === 0) continue;
      if (out === undefined) refused++;
      else {
        const left = parsedBytes(out);
        if (!shippedVerdict(left).untouched) wrong.push(`${name}: not the same when judged again`);
        mails.push({ name, mail: asMail(left) });
      }
    }
    const python = readByPython(mails.map(({ mail }) => mail));
    for (const [i, { name, mail }] of mails.entries()) {
      const parts = [...(await readByPostalMime(mail)), ...(python?.[i] ?? [])];
      for (const { content } of parts)
        for (const text of [content.toString("utf8"), content.toString("utf16le")])
          if (text.replaceAll(`_${link}`, "").includes(link)) wrong.push(`${name}: live`);
    }
    expect(wrong).toEqual([]);
    // Rich text and the charsets of East Asia cannot be edited.
    expect(mails.length).toBeGreaterThan(35);
    expect(refused).toBeLessThan(15);
  });
});
