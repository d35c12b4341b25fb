import { assert, property, string, uint8Array } from "fast-check";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { allowedLine, capValue, incidentLine, operationLine } from "./event-line.ts";
import { eventJsonSchema } from "./event-schema.ts";
import { sampleAllowed, sampleDraft } from "./sample-records.test-data.ts";

const settlement = { delivery: "delivered", status: 200, settledAt: 1_700_000_001_000 } as const;

const FORBIDDEN = new Set([0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0x200e, 0xfeff]);

function read(line: string): Record<string, unknown> {
  expect(line.endsWith("\n")).toBe(true);
  for (const character of line.slice(0, -1)) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || FORBIDDEN.has(code)) {
      throw new Error(`the line holds U+${code.toString(16)} as it is`);
    }
  }
  return JSON.parse(line) as Record<string, unknown>;
}

describe("allowedLine", () => {
  it("carries every key of the outer contract", () => {
    expect(read(allowedLine(sampleAllowed()))).toMatchObject({
      ts: "2023-11-14T22:13:20.000Z",
      schema: "sluice.event/1",
      type: "message",
      incident: null,
      from: "sip:alice@a.example",
      to: ["sip:bob@a.example"],
      action: "allow",
      rule: null,
      file: null,
      scan: [],
      delivery: "delivered",
      status: 200,
    });
  });

  it("bears hostile values, odd times and many receivers", () => {
    const hostile = 'a"\\\r\n\u2028\u009b\ud800';
    const to = Array.from({ length: 500 }, (_, n) => `sip:${n}@a.example`);
    const event = { ...sampleAllowed(), callId: hostile, from: "ü".repeat(5000), to };
    const line = read(allowedLine(event));
    expect(line["call_id"]).toBe(hostile);
    expect(String(line["from"]).length).toBeLessThan(520);
    expect(line["to"]).toHaveLength(64);
    for (const at of [1_700_000_000_007, 1_700_000_000_999, 1_700_000_001_000, Number.NaN]) {
      const wanted = new Date(Number.isNaN(at) ? 0 : at).toISOString();
      expect(read(allowedLine({ ...event, at }))["ts"]).toBe(wanted);
    }
  });

  it("names the monitored rules that would have acted", () => {
    const line = read(allowedLine({ ...sampleAllowed(), would: ["no-links"] }));
    expect(line["verdict"]).toEqual({ would: ["no-links"] });
  });
});

describe("incidentLine", () => {
  it("keeps one event on one line whatever the peer put into the names", () => {
    const hostile = 'a\r\nb\u001b[31m\u0000\u2028\u2029\u202e\u009b"\\\ud800';
    const draft = { ...sampleDraft(), from: hostile, reason: hostile, callId: hostile };
    const line = incidentLine(
      { ...draft, file: { name: hostile, size: 3, sha256: undefined, trueType: undefined } },
      settlement,
    );
    const event = read(line);
    expect(line.split("\n")).toHaveLength(2);
    expect(event["from"]).toBe('a\r\nb\u001b[31m\u0000\u2028\u2029\u202e\u009b"\\\ud800');
    expect(event["file"]).toMatchObject({ sha256: null, true_type: null });
  });

  it("cuts a megabyte to one kilobyte, between characters", () => {
    const event = read(
      incidentLine({ ...sampleDraft(), reason: "ä".repeat(1_000_000) }, settlement),
    );
    const reason = String(event["reason"]);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(1024);
    expect(reason).toMatch(/^ä+…$/);
  });

  it("stays one bounded line of JSON for any text at all", () => {
    assert(
      property(string({ unit: "binary" }), uint8Array({ maxLength: 1500 }), (text, bytes) => {
        const draft = {
          ...sampleDraft(),
          from: text,
          reason: Buffer.from(bytes).toString("latin1"),
        };
        const event = read(incidentLine(draft, settlement));
        expect(Buffer.byteLength(String(event["reason"]))).toBeLessThanOrEqual(1024);
      }),
    );
  });
});

describe("eventJsonSchema", () => {
  it("accepts the lines of all three kinds and refuses one without a type", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      eventJsonSchema(),
    );
    const lines = [
      allowedLine(sampleAllowed()),
      incidentLine(sampleDraft(), settlement),
      operationLine({
        eventId: "e",
        at: 0,
        type: "reload",
        reason: "reloaded",
        details: { generation: 2 },
      }),
    ];
    for (const line of lines) {
      validate(read(line));
      expect(validate.errors).toBeNull();
    }
    expect(validate({ ...read(lines[0] ?? ""), type: undefined })).toBe(false);
  });
});

describe("capValue", () => {
  it("ends cycles, functions and numbers that JSON cannot say", () => {
    const cycle: Record<string, unknown> = { n: Number.NaN, f: () => 1, big: 10n };
    cycle["self"] = cycle;
    const capped = JSON.stringify(capValue(cycle));
    expect(capped).toContain('"n":null,"f":null,"big":"10"');
  });
});
