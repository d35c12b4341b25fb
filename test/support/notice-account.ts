import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The gateway's own account at a server that asks for passwords; "secret" is everybody's. */
export class NoticeAccount implements AsyncDisposable {
  /** For `account` in the configuration. */
  readonly settings: { readonly aor: string; readonly password_file: string };
  readonly #folder: string;

  private constructor(folder: string, passwordFile: string) {
    this.#folder = folder;
    this.settings = { aor: "sip:sluice@example.test", password_file: passwordFile };
  }

  static async create(): Promise<NoticeAccount> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-account-"));
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, "secret\n", { mode: 0o600 });
    return new NoticeAccount(folder, passwordFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
