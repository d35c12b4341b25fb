import { readFile } from "node:fs/promises";
import { assert, property, string, uint8Array } from "fast-check";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { allowedLine, capValue, incidentLine, noticesLine, operationLine } from "./event-line.ts";
import { eventJsonSchema } from "./event-schema.ts";
import {
  sampleAllowed,
  sampleDraft,
  sampleTransfer,
  sampleTransferDraft,
} from "./sample-records.test-data.ts";

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

  it("names who has written a message of a conference, in the line of an incident too", () => {
    const actor = "sip:carol@a.example";
    expect(read(allowedLine({ ...sampleAllowed(), actor }))).toMatchObject({ actor });
    expect(read(incidentLine({ ...sampleDraft(), actor }, settlement))).toMatchObject({ actor });
    expect(read(allowedLine(sampleAllowed()))).not.toHaveProperty("actor");
  });

  it("names the monitored rules that would have acted", () => {
    const line = read(allowedLine({ ...sampleAllowed(), would: ["no-links"] }));
    expect(line["verdict"]).toEqual({ would: ["no-links"] });
    const said = { tags: ["web"], log: ['a "link"\n'] };
    expect(read(allowedLine({ ...sampleAllowed(), ...said }))["verdict"]).toEqual(said);
  });

  it("says of a delivered file what it was and what the engines said", () => {
    expect(read(allowedLine(sampleTransfer()))).toMatchObject({
      type: "transfer",
      channel: "msnftp",
      action: "allow",
      reason: null,
      file: {
        name: "notes.txt",
        size: 5,
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        true_type: "text/plain",
        quarantine: null,
      },
      scan: [{ engine: "builtin", result: "clean", threat: null, reason: null, ms: 1 }],
      delivery: "delivered",
      status: null,
    });
  });

  it("says why an allowed file did not arrive, and what is not known of it is null", () => {
    const file = { name: "notes.txt", size: undefined, sha256: undefined, trueType: undefined };
    expect(read(allowedLine({ ...sampleTransfer(), reason: "" }))["reason"]).toBeNull();
    const cut = { delivery: "failed", reason: "sender-gone", file, scan: [] } as const;
    expect(read(allowedLine({ ...sampleTransfer(), ...cut }))).toMatchObject({
      reason: "sender-gone",
      delivery: "failed",
      file: { name: "notes.txt", size: null, sha256: null, true_type: null, quarantine: null },
      scan: [],
    });
  });

  it("keeps a hostile file name and a hostile engine on one bounded line", () => {
    const hostile = 'a"\\\r\n\u2028\u202e\u009b'.repeat(1000);
    const file = { name: hostile, size: 1, sha256: hostile, trueType: hostile };
    const scan = Array.from({ length: 500 }, () => ({
      engine: hostile,
      result: "clean",
      threat: hostile,
      reason: hostile,
      ms: 0,
    }));
    const event = read(allowedLine({ ...sampleTransfer(), reason: hostile, file, scan }));
    expect(event["scan"]).toHaveLength(64);
    for (const value of Object.values(event["file"] as Record<string, unknown>)) {
      expect(Buffer.byteLength(String(value))).toBeLessThanOrEqual(1024);
    }
    expect(Buffer.byteLength(String(event["reason"]))).toBeLessThanOrEqual(1024);
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

describe("incidentLine of a transfer", () => {
  it("names the kept copy beside the file, and null where none is kept", () => {
    const draft = sampleTransferDraft();
    expect(read(incidentLine(draft, settlement))["file"]).toMatchObject({
      true_type: "text/plain",
      quarantine: draft.quarantine,
    });
    const without = incidentLine({ ...draft, quarantine: undefined }, settlement);
    expect(read(without)["file"]).toMatchObject({ quarantine: null });
  });
});

describe("eventJsonSchema", () => {
  it("accepts the lines of all kinds and refuses one without a type", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      eventJsonSchema(),
    );
    const lines = [
      allowedLine(sampleAllowed()),
      allowedLine(sampleTransfer()),
      incidentLine(sampleDraft(), settlement),
      incidentLine(sampleTransferDraft(), settlement),
      noticesLine(sampleDraft(), "e", 0),
      ...(["reload", "quarantine", "notify", "scan", "transfer"] as const).map((type) =>
        operationLine({ eventId: "e", at: 0, type, reason: "r", details: { generation: 2 } }),
      ),
    ];
    for (const line of lines) {
      validate(read(line));
      expect(validate.errors).toBeNull();
    }
    expect(validate({ ...read(lines[0] ?? ""), type: undefined })).toBe(false);
  });
});

describe("docs/events.md", () => {
  it("shows lines as they are written: every key of the contract, and valid", async () => {
    const page = await readFile(new URL("../../docs/events.md", import.meta.url), "utf8");
    const examples = [...page.matchAll(/^```json\n(.*\n)```$/gm)].map((match) => match[1] ?? "");
    expect(examples).toHaveLength(3);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      eventJsonSchema(),
    );
    const shapes = [
      incidentLine(sampleDraft(), settlement),
      allowedLine(sampleTransfer()),
      incidentLine(sampleTransferDraft(), settlement),
    ].map(read);
    for (const [index, event] of examples.map(read).entries()) {
      validate(event);
      expect(validate.errors).toBeNull();
      const shape = shapes[index] ?? {};
      expect(Object.keys(event)).toEqual(Object.keys(shape));
      expect(Object.keys(event["file"] ?? {})).toEqual(Object.keys(shape["file"] ?? {}));
    }
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
