import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CodedError } from "../base/coded-error.ts";
import type { DataConfig } from "./config.ts";
import type { DataData } from "./config-schema.ts";
import type { ProblemSink } from "../policy/rule-problem.ts";

const KEY_BYTES = 32;

/** The keys of the quarantine, as the configuration names them. */
export interface QuarantineKeys {
  /** What new files are sealed with; undefined: the gateway's own key file, which is not there. */
  readonly current: Buffer | undefined;
  /** Where it comes from, for messages. */
  readonly source: string;
  /** Those in use before. */
  readonly old: readonly Buffer[];
}

/** The quarantine's key cannot be had, or does not open what is kept. */
export class QuarantineKeyFailed extends CodedError {
  constructor(message: string, options?: ErrorOptions) {
    super("QUARANTINE_KEY", message, options);
  }
}

/** The settings alone: neither files nor the environment are looked at, since only the gateway has to reach them. */
export function readDataConfig(
  data: DataData | undefined,
  { base, dir }: { readonly base: string; readonly dir: string },
  sink: ProblemSink,
): DataConfig {
  const { quarantine_key_file: file, quarantine_key_env: name } = data ?? {};
  if (file !== undefined && name !== undefined) {
    const hint = "leave out one of quarantine_key_file and quarantine_key_env";
    sink.error(["data", "quarantine_key_env"], "the quarantine has one key, not two", hint);
  }
  const old = data?.quarantine_old_keys;
  return {
    dir,
    ...(file === undefined ? undefined : { quarantineKey: { file: resolve(base, file) } }),
    ...(name === undefined ? undefined : { quarantineKey: { variable: name } }),
    ...(old === undefined
      ? undefined
      : { quarantineOldKeys: old.map((path) => resolve(base, path)) }),
  };
}

/**
 * Reads the keys: 32 bytes, or their text in hex or base64. A file or variable that the configuration names is never made by us, and must
 * be there; the gateway's own file may be missing. Throws QuarantineKeyFailed.
 */
export function readQuarantineKeys(
  data: DataConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): QuarantineKeys {
  const old = (data.quarantineOldKeys ?? []).map((path) => keyIn(path));
  const { quarantineKey } = data;
  if (quarantineKey === undefined) {
    const path = join(data.dir, "keys", "quarantine.key");
    return { current: ownKey(path), source: path, old };
  }
  if ("file" in quarantineKey) {
    const { file } = quarantineKey;
    return { current: keyIn(file), source: file, old };
  }
  const source = `the environment variable ${quarantineKey.variable}`;
  const text = environment[quarantineKey.variable];
  if (text === undefined || text === "") {
    throw new QuarantineKeyFailed(`the quarantine's key is missing: ${source} is not set`);
  }
  const key = decoded(Buffer.from(text, "utf8"));
  if (key === undefined) throw new QuarantineKeyFailed(`${source} ${NO_KEY}`);
  return { current: key, source, old };
}

const NO_KEY = `holds no key: it takes ${KEY_BYTES} bytes, or their text in hex or base64`;

function ownKey(path: string): Buffer | undefined {
  try {
    return keyIn(path);
  } catch (error) {
    if (error instanceof QuarantineKeyFailed && isMissing(error.cause)) return undefined;
    throw error;
  }
}

function keyIn(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "a key that the configuration names is never made by the gateway";
    throw new QuarantineKeyFailed(`the quarantine's key cannot be read (${why}); ${hint}`, {
      cause: error,
    });
  }
  const key = decoded(bytes);
  if (key === undefined) throw new QuarantineKeyFailed(`${path} ${NO_KEY}`);
  return key;
}

/** Exactly 32 bytes; else a text of them, with white space around it. */
function decoded(bytes: Buffer): Buffer | undefined {
  if (bytes.length === KEY_BYTES) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/]{43}=?$/.test(text)) return Buffer.from(text, "base64");
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
