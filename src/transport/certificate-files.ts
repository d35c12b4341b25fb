import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { CodedError } from "../base/coded-error.ts";
import { holdsCertificate, readKeyPair, type KeyPair } from "../base/key-pair.ts";

/** A certificate (its chain follows it) and its key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files of all certificates, and of the authorities if they are named. */
export interface TlsFiles {
  readonly certificates: readonly CertificateFiles[];
  readonly ca: string | undefined;
}

/** Reads them. Throws CodedError TLS_FILES_BROKEN, naming the first file that is of no use. */
export function readKeyPairs(files: TlsFiles): {
  readonly pairs: readonly KeyPair[];
  readonly ca: Buffer | undefined;
} {
  const pairs = files.certificates.map((each) => {
    const pair = readKeyPair(contentOf(each.cert), contentOf(each.key));
    if (pair.ok) return pair.value;
    throw broken(each[pair.problem.part], pair.problem.message);
  });
  const ca = files.ca === undefined ? undefined : contentOf(files.ca);
  if (ca !== undefined && !holdsCertificate(ca)) {
    throw broken(files.ca ?? "", "holds no certificate in PEM");
  }
  return { pairs, ca };
}

/** A text that is another one when a file has been changed, replaced or taken away. Never rejects. */
export async function statKeyPairs({ certificates, ca }: TlsFiles): Promise<string> {
  const all = certificates.flatMap(({ cert, key }) => [cert, key]);
  const paths = ca === undefined ? all : [...all, ca];
  const states = await Promise.all(
    paths.map(async (path) => {
      try {
        // The last of them changes with owner and mode as well.
        const { ino, mtimeMs, size, ctimeMs } = await stat(path);
        return `${ino} ${mtimeMs} ${size} ${ctimeMs}`;
      } catch {
        return "none";
      }
    }),
  );
  return states.join("\n");
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw broken(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"})`, error);
  }
}

function broken(path: string, message: string, cause?: unknown): CodedError {
  return new CodedError("TLS_FILES_BROKEN", `${path} ${message}`, { cause });
}
