import { chmodSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Config } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const HEAD = 'upstream: ["sip:10.0.0.5"]\n';

interface Given {
  readonly secret?: string | Uint8Array;
  readonly mode?: number;
}

function load(text: string, { secret = "", mode = 0o600 }: Given = {}) {
  using files = writeTemporaryFiles({ "sluice.yaml": HEAD + text, secret });
  chmodSync(files.path("secret"), mode);
  const loaded = loadConfig(files.path("sluice.yaml"));
  const problems = loaded.ok ? loaded.value.warnings : loaded.problem;
  const account: Config["account"] | "refused" = loaded.ok ? loaded.value.account : "refused";
  return {
    account,
    shown: files.shown(problems).map((line) => line.replace("sluice.yaml:", "")),
  };
}

const WITH_SECRET = 'account: { aor: "sip:notes@a.example", password_file: secret }';

describe("readAccount", () => {
  it("makes the account of the first domain", () => {
    expect(load("domains: [Corp.example, b.example]")).toEqual({
      account: { aor: "sip:sluice@corp.example", user: "sluice", password: undefined },
      shown: [],
    });
  });

  it("takes the user of the challenges from the address, unless it is named", () => {
    expect(load('account: { aor: "sip:notes@a.example" }').account).toMatchObject({
      user: "notes",
    });
    const named = load('account: { aor: "sip:notes@a.example", user: "CORP notes" }');
    expect(named.account).toMatchObject({ user: "CORP notes" });
    expect(load("domains: [a.example]\naccount: { user: gw }").account).toMatchObject({
      aor: "sip:sluice@a.example",
      user: "gw",
    });
  });

  it.each(["pä55 word", "pä55 word\n", "pä55 word\r\nnotes of the operator\n"])(
    "reads the password from the first line of %j",
    (secret) => {
      expect(load(WITH_SECRET, { secret })).toEqual({
        account: { aor: "sip:notes@a.example", user: "notes", password: "pä55 word" },
        shown: [],
      });
    },
  );

  it.each([0o640, 0o604, 0o620, 0o666])("warns of a password file of mode %o", (mode) => {
    const { account, shown } = load(WITH_SECRET, { secret: "x", mode });
    expect(account).toMatchObject({ password: "x" });
    expect(shown).toEqual([
      `2:40: warning: others than its owner may use the password file (mode 0${mode.toString(8)}) (chmod 600 secret)`,
    ]);
  });

  it("never repeats the password", () => {
    const secret = "hunter2\u0007";
    expect(JSON.stringify(load(WITH_SECRET, { secret }))).not.toContain("hunter2");
  });

  it("says that nobody is told when there is neither an address nor a domain", () => {
    const expected = /^1:1: warning: nobody is told what was stopped/;
    expect(load("")).toEqual({
      account: undefined,
      shown: [expect.stringMatching(expected) as unknown],
    });
    expect(load("account: { user: gw }").shown).toEqual([
      expect.stringMatching(/^2:1: warning: nobody is told/) as unknown,
    ]);
  });

  it.each<[string, Given, string]>([
    [
      "account: { aor: sluice }",
      {},
      '2:12: "sluice" is not an address of record (write it as "sip:sluice@example.com")',
    ],
    ['account: { aor: "sip:a@x", user: "a\\"b" }', {}, "2:28: a user has no control characters"],
    [
      'account: { aor: "sip:a@x", password_file: none }',
      {},
      "2:28: none does not exist (check the spelling of the path)",
    ],
    ['account: { aor: "sip:a@x", password_file: . }', {}, "is a folder, not a file"],
    [WITH_SECRET, { secret: "" }, "2:40: secret begins with an empty line"],
    [WITH_SECRET, { secret: "\npassword\n" }, "2:40: secret begins with an empty line"],
    [WITH_SECRET, { secret: Buffer.from([0xff]) }, "2:40: secret is not UTF-8 text"],
    [WITH_SECRET, { secret: "a\0b" }, "2:40: secret holds a control character"],
    ["account: { password: x }", {}, '2:12: unknown key "password"'],
  ])("refuses %s with %j", (text, given, expected) => {
    const { account, shown } = load(text, given);
    expect(account).toBe("refused");
    expect(shown.join("\n")).toContain(expected);
  });
});
