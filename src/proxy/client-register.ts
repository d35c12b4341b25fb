import { ok, type Result } from "../base/result.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { aliasSplices, clientContactSplices } from "./contact-alias.ts";
import type { FlowFace } from "./flow-face.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { confirmRegistration } from "./registration.ts";
import { isOfRegistrar, type ForwardedRegister } from "./registrar-answer.ts";
import type { Reply } from "./reply.ts";

const NONE: readonly Splice[] = [];

/** What is known of a REGISTER when it arrives. */
type Register = ForwardedRegister & { readonly ingress: FlowFace };

/** A server's answer, and the way that it came. */
interface ServerAnswer {
  readonly face: FlowFace;
  readonly response: SipResponse;
}

/** A REGISTER of a client, on its way to servers of which some may know no Path; undefined for every other request. */
export function createClientRegister(
  core: ProxyCore,
  arrival: Register,
): ClientRegister | undefined {
  const isRegister = arrival.request.method === "REGISTER" && arrival.ingress.side === "client";
  return isRegister ? new ClientRegister(core, arrival) : undefined;
}

/**
 * Puts aliases into a REGISTER where its server is to have them, takes them out of the answers, and notes who has signed on.
 * Only the registrar's word counts in that (registrar-answer.ts).
 */
export class ClientRegister {
  /** Its last branch went out with aliases, and so without a Path. */
  used = false;
  readonly #core: ProxyCore;
  readonly #request: SipRequest;
  readonly #ingress: FlowFace;
  readonly #arrival: Register;

  constructor(core: ProxyCore, arrival: Register) {
    this.#core = core;
    this.#request = arrival.request;
    this.#ingress = arrival.ingress;
    this.#arrival = arrival;
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
    if (!isOfRegistrar(this.#arrival, egress, this.#core.targets.faces)) return false;
    return !this.used && this.#core.pathRefusals.learn(egress, this.#request, response);
  }

  clientContacts(response: SipResponse): readonly Splice[] {
    const { aliases, faces } = this.#core.targets;
    return this.used ? clientContactSplices(response, aliases, faces) : NONE;
  }

  /**
   * It was accepted: from now on the flow speaks for who is named in To.
   *
   * @param answer the server's; left out when the embedded registrar has accepted
   */
  accepted(answer?: ServerAnswer): void {
    const { registrations, clock, targets } = this.#core;
    if (answer !== undefined && !isOfRegistrar(this.#arrival, answer.face, targets.faces)) return;
    confirmRegistration(registrations, {
      request: this.#request,
      response: answer?.response,
      flowId: this.#ingress.flow.id,
      sourceAddress: this.#ingress.flow.remote.address,
      aliasOf: (contactUri) => this.#aliasOf(contactUri),
      nowMs: clock.now(),
    });
  }

  /** What the server knows a Contact of this client by. */
  #aliasOf(contactUri: string): string | undefined {
    return this.used ? this.#core.targets.aliases.seal(contactUri, this.#ingress.flow) : undefined;
  }
}
