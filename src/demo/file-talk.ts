import { randomBytes, randomInt } from "node:crypto";
import { disguisedPort } from "../wire/msnftp/disguised-port.ts";
import { readInvitation, type Invitation } from "../wire/msnftp/invitation.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Stage } from "./act.ts";
import type { Body } from "./demo-user.ts";
import type { DialogState } from "./dialog-state.ts";
import { textOf, type DemoUser } from "./demo-user.ts";

/** A file that Alice has. */
export interface DemoFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The receiver's two secrets, as they stand in its ACCEPT. */
export interface FileSecrets {
  readonly encryptionKey: string;
  readonly hashKey: string;
}

type Fields = readonly (readonly [string, string])[];

/** What Alice and Bob say to each other about one file, inside a conversation of theirs (lcs.md B3, the direct way). */
export class FileTalk {
  readonly #stage: Stage;
  readonly #ends: readonly [DialogState, DialogState];
  readonly #cookie: string = String(randomInt(100_000_000, 1_000_000_000));

  private constructor(stage: Stage, ends: readonly [DialogState, DialogState]) {
    this.#stage = stage;
    this.#ends = ends;
  }

  static async begin(stage: Stage): Promise<FileTalk> {
    return new FileTalk(stage, await stage.alice.opens(stage.bob));
  }

  /** Alice offers; the answer tells whether Bob was asked. */
  async offer(file: DemoFile): Promise<SipResponse> {
    return this.#say("alice", [
      ["Application-Name", "File Transfer"],
      ["Application-GUID", "{5D3E02AB-6190-11d3-BBBB-00C04F795683}"],
      ["Invitation-Command", "INVITE"],
      ["Invitation-Cookie", this.#cookie],
      ["Application-File", file.name],
      ["Application-FileSize", String(file.bytes.length)],
      ["Encryption", "R"],
    ]);
  }

  /** Bob wants it, and chooses the secrets. */
  async accept(): Promise<FileSecrets> {
    const secrets = { encryptionKey: secret(), hashKey: secret() };
    await this.#say("bob", [
      ...this.#acceptance(),
      ["Encryption-Key", secrets.encryptionKey],
      ["Hash-Key", secrets.hashKey],
    ]);
    return secrets;
  }

  /** Alice says where she waits. */
  async tellAddress(port: number, authCookie: string): Promise<void> {
    await this.#say("alice", [
      ...this.#acceptance(),
      ["IP-Address", "127.0.0.1"],
      ["Port", String(port)],
      ["PortX", String(disguisedPort(port))],
      ["AuthCookie", authCookie],
    ]);
  }

  /** The next invitation message of that kind about this file that reaches the user. */
  async hears(user: DemoUser, command: Invitation["command"], what: string): Promise<Invitation> {
    const message = await user.messages.next(`${what} at ${user.name}`, (one) => {
      const found = invitationIn(one);
      return found?.command === command && found.cookie === this.#cookie;
    });
    return invitationIn(message) as Invitation;
  }

  /** Whether Bob has been told of this file at all. */
  get hasReachedBob(): boolean {
    return this.#stage.bob.messages.kept.some((one) => textOf(one).includes(this.#cookie));
  }

  #acceptance(): Fields {
    return [
      ["Invitation-Command", "ACCEPT"],
      ["Request-Data", "IP-Address:"],
      ["Invitation-Cookie", this.#cookie],
    ];
  }

  async #say(who: "alice" | "bob", fields: Fields): Promise<SipResponse> {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const bytes = Buffer.from(lines, "utf8");
    const body: Body = { contentType: "text/x-msmsgsinvite; charset=UTF-8", bytes };
    return this.#stage[who].writes(this.#ends[who === "alice" ? 0 : 1], body);
  }
}

function invitationIn(message: SipRequest): Invitation | undefined {
  const read = readInvitation(message.body);
  return read.ok ? read.value : undefined;
}

function secret(): string {
  return randomBytes(24).toString("base64");
}
