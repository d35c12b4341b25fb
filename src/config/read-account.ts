import { statSync } from "node:fs";
import { resolve } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import type { ProblemSink } from "../policy/rule-problem.ts";
import type { AccountConfig } from "./config.ts";
import type { AccountData } from "./config-schema.ts";
import { displayPath, readRegularFile } from "./read-file.ts";

/**
 * The account that notices come from; undefined, with a warning, when nothing says whose it would be.
 *
 * @param base the folder that paths are relative to
 * @param domain the first of ours
 */
export function readAccount(
  data: AccountData,
  domain: string | undefined,
  base: string,
  sink: ProblemSink,
): AccountConfig | undefined {
  const password =
    data.password_file === undefined
      ? undefined
      : readPassword(resolve(base, data.password_file), sink);
  if (data.user !== undefined && /[\p{Cc}"\\]/u.test(data.user)) {
    sink.error(["account", "user"], "a user has no control characters, quotes or backslashes");
  }
  const aor = data.aor ?? (domain === undefined ? undefined : `sip:sluice@${domain}`);
  if (aor === undefined) {
    const hint = 'write account: { aor: "sip:sluice@example.com" }, or name your domains';
    sink.warn(["account"], "nobody is told what was stopped, since notices have no sender", hint);
    return undefined;
  }
  const userPart = /^sips?:([^@\s;?<>]+)@[^@\s;?<>]+$/i.exec(aor)?.[1];
  if (userPart === undefined) {
    const hint = 'write it as "sip:sluice@example.com"';
    sink.error(["account", "aor"], `"${aor}" is not an address of record`, hint);
  }
  return { aor, user: data.user ?? userPart ?? "", password };
}

const MAX_PASSWORD_FILE: number = 1024 * 1024;

function readPassword(file: string, sink: ProblemSink): string | undefined {
  const path = ["account", "password_file"];
  const password = firstLineOf(file);
  if (!password.ok) {
    sink.error(path, `${displayPath(file)} ${password.problem.message}`, password.problem.hint);
    return undefined;
  }
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    const hint = `chmod 600 ${displayPath(file)}`;
    sink.warn(path, `others than its owner may use the password file (mode ${shown})`, hint);
  }
  return password.value;
}

/** Editors end the line; what stands on further lines is the operator's. */
function firstLineOf(
  file: string,
): Result<string, { readonly message: string; readonly hint: string | undefined }> {
  const bytes = readRegularFile(file, MAX_PASSWORD_FILE);
  if (!bytes.ok) return bytes;
  const hint = "its first line is the password, in UTF-8";
  let line: string;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.value);
    line = text.split(/\r?\n/, 1)[0] ?? "";
  } catch {
    return failed({ message: "is not UTF-8 text", hint });
  }
  if (line === "") return failed({ message: "begins with an empty line", hint });
  if (/\p{Cc}/u.test(line)) {
    return failed({ message: "holds a control character in its first line", hint });
  }
  return ok(line);
}
