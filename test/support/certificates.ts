import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Two PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** What stands in a certificate. */
export interface CertificateWish {
  /** subjectAltName as openssl writes it: "DNS:a.example,URI:sip:a.example,IP:127.0.0.1"; empty: none. */
  readonly names: string;
  /** CN; default "sluice test". */
  readonly commonName?: string;
  /** From now on; negative: it has expired. Default 2. */
  readonly days?: number;
}

/** An authority that lives as long as a test: its files are made by openssl and gone at the end. */
export class TestAuthority implements Disposable {
  readonly dir: string;
  /** PEM file of the authority's own certificate. */
  readonly ca: string;
  readonly #caKey: string;
  #count = 0;

  constructor(commonName = "sluice test authority") {
    this.dir = mkdtempSync(join(tmpdir(), "sluice-ca-"));
    this.ca = join(this.dir, "ca.pem");
    this.#caKey = join(this.dir, "ca.key");
    newKey(this.#caKey);
    const subject = ["-subj", `/CN=${commonName}`];
    openssl("req", "-x509", "-new", "-key", this.#caKey, ...subject, "-days", "2", "-out", this.ca);
  }

  /** A new certificate with a key of its own; the chain is not in the file. */
  issue({ names, commonName = "sluice test", days = 2 }: CertificateWish): CertificateFiles {
    this.#count += 1;
    const file = (end: string): string => join(this.dir, `${this.#count}.${end}`);
    const files = { cert: file("pem"), key: file("key") };
    newKey(files.key);
    openssl("req", "-new", "-key", files.key, "-subj", `/CN=${commonName}`, "-out", file("csr"));
    writeFileSync(file("ext"), names === "" ? "" : `subjectAltName=${names}\n`);
    const signer = ["-CA", this.ca, "-CAkey", this.#caKey, "-set_serial", String(this.#count)];
    const rest = ["-days", String(days), "-extfile", file("ext"), "-out", files.cert];
    openssl("x509", "-req", "-in", file("csr"), ...signer, ...rest);
    return files;
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function newKey(file: string): void {
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file);
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
}
