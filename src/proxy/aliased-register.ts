import { ok, type Result } from "../base/result.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { aliasSplices, clientContactSplices } from "./contact-alias.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { Reply } from "./reply.ts";

const NONE: readonly Splice[] = [];

/** A REGISTER of a client on its way to servers of which some may know no Path; undefined for every other request. */
export function createAliasedRegister(
  core: ProxyCore,
  request: SipRequest,
  ingress: FlowFace,
): AliasedRegister | undefined {
  const isRegister = request.method === "REGISTER" && ingress.side === "client";
  return isRegister ? new AliasedRegister(core, request, ingress) : undefined;
}

/** Puts aliases into a REGISTER where its server is to have them, and takes them out of the answers. */
export class AliasedRegister {
  /** Its last branch went out with aliases, and so without a Path. */
  used = false;
  readonly #core: ProxyCore;
  readonly #request: SipRequest;
  readonly #ingress: FlowFace;

  constructor(core: ProxyCore, request: SipRequest, ingress: FlowFace) {
    this.#core = core;
    this.#request = request;
    this.#ingress = ingress;
  }

  /** The edits for one branch; the problem is the answer to the client. */
  splicesFor(egress: FlowFace): Result<readonly Splice[], Reply> {
    const { pathRefusals, targets } = this.#core;
    this.used = pathRefusals.needsAlias(egress, this.#request);
    if (!this.used) return ok(NONE);
    return aliasSplices(this.#request, targets.aliases, this.#ingress, egress);
  }

  /**
   * The server has refused our Path, so that the REGISTER is to be sent once more, now with aliases: the client learns
   * nothing of it.
   */
  isAskedFor(egress: FlowFace, response: SipResponse): boolean {
    return !this.used && this.#core.pathRefusals.learn(egress, this.#request, response);
  }

  clientContacts(response: SipResponse): readonly Splice[] {
    const { aliases, faces } = this.#core.targets;
    return this.used ? clientContactSplices(response, aliases, faces) : NONE;
  }

  /** What the server knows a Contact of this client by. */
  aliasOf(contactUri: string): string | undefined {
    return this.used ? this.#core.targets.aliases.seal(contactUri, this.#ingress.flow) : undefined;
  }
}
