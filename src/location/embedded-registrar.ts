import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues } from "../wire/sip/name-addr.ts";
import { canonicalAor } from "../wire/sip/uri.ts";
import { readContacts, type ContactsRequest, type RequestedContact } from "./read-contacts.ts";

/**
 * The registrar of `upstream: embedded` (RFC 3261 §10.3, Path of RFC 3327): a small location service in memory, for
 * trials on one machine.
 *
 * Does not: authenticate anybody, keep anything over a restart, know domains, order contacts by `q`. Limits: addresses
 * of record, bindings of one address (the oldest goes), the length of a contact and of a path, the time of a binding.
 */
export interface EmbeddedRegistrar {
  /** Carries out a REGISTER that came over `flow` at `nowMs` (wall clock) and says what to answer. */
  register(request: SipRequest, flow: { readonly id: string }, nowMs: number): RegisterAnswer;
  /** Where a user is to be reached now, the newest binding first; `aor` is canonical. */
  lookup(aor: string, nowMs: number): readonly Binding[];
  /** A connection is gone, and with it every binding that came over it. */
  forgetFlow(flowId: string): void;
  /** Addresses of record held, expired ones that nobody asked for included. */
  readonly size: number;
}

/** What the proxy answers; it adds Via, From, To with a tag, Call-ID, CSeq. */
export interface RegisterAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** One device of a user. */
interface Binding {
  /** The Contact's URI as sent: the Request-URI of what goes there. */
  readonly contactUri: string;
  /** The flow that the REGISTER came over. */
  readonly flowId: string;
  /** The Path values of the REGISTER, topmost first: the Route to prepend. */
  readonly path: readonly string[];
  readonly expiresAtMs: number;
}

/** How much is kept, and for how long. */
export interface RegistrarLimits {
  readonly aors: number;
  readonly bindingsPerAor: number;
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

const DEFAULT_LIMITS: RegistrarLimits = {
  aors: 10_000,
  bindingsPerAor: 10,
  defaultSeconds: 600,
  maxSeconds: 3600,
};

/** All Path values of one REGISTER together. */
const MAX_PATH_LENGTH = 4096;
/** When all places are taken, the expired ones are looked for at most this often. */
const SWEEP_INTERVAL_MS = 1000;

interface HeldBinding extends Binding {
  readonly aor: string;
  readonly params: string;
  readonly callId: string;
  readonly cseq: number;
}

/** Makes an empty registrar. */
export function createEmbeddedRegistrar(
  limits: RegistrarLimits = DEFAULT_LIMITS,
): EmbeddedRegistrar {
  return new Registrar(limits);
}

class Registrar implements EmbeddedRegistrar {
  readonly #limits: RegistrarLimits;
  /** Per address the bindings by their key, in the order in which they were last confirmed. */
  readonly #aors = new Map<string, Map<string, HeldBinding>>();
  readonly #aorsByFlow = new Map<string, Set<string>>();
  #nextSweepMs = Number.NEGATIVE_INFINITY;

  constructor(limits: RegistrarLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#aors.size;
  }

  register(request: SipRequest, flow: { readonly id: string }, nowMs: number): RegisterAnswer {
    const aor = aorOf(request);
    if (aor === undefined) return refuse(400, "Bad To");
    const wanted = readContacts(request, this.#limits.defaultSeconds);
    if (!wanted.ok) return refuse(400, wanted.problem);
    const path = pathOf(request);
    if (path === undefined) return refuse(400, "Path Too Long");
    this.#dropExpired(aor, nowMs);
    const refusal = this.#refusalOf(aor, wanted.value, request, nowMs);
    if (refusal !== undefined) return refusal;
    if (wanted.value.kind === "remove-all") this.#dropAll(aor);
    if (wanted.value.kind === "update") {
      for (const contact of wanted.value.contacts) {
        this.#update(contact, { aor, flowId: flow.id, path, request, nowMs });
      }
    }
    return this.#listing(aor, path, nowMs);
  }

  lookup(aor: string, nowMs: number): readonly Binding[] {
    this.#dropExpired(aor, nowMs);
    return [...(this.#aors.get(aor)?.values() ?? [])].reverse();
  }

  forgetFlow(flowId: string): void {
    for (const aor of this.#aorsByFlow.get(flowId) ?? []) {
      this.#dropWhere(aor, (binding) => binding.flowId === flowId);
    }
  }

  /** Why nothing of the request is carried out: a registration is changed whole or not at all (RFC 3261 §10.3). */
  #refusalOf(
    aor: string,
    wanted: ContactsRequest,
    request: SipRequest,
    nowMs: number,
  ): RegisterAnswer | undefined {
    if (wanted.kind === "query") return undefined;
    const held = this.#aors.get(aor);
    const touched =
      wanted.kind === "remove-all"
        ? [...(held?.values() ?? [])]
        : wanted.contacts
            .map(({ key }) => held?.get(key))
            .filter((binding) => binding !== undefined);
    const { callId, cseq } = request;
    // §10.3 step 7: within one Call-ID an older request must not undo a newer one.
    if (touched.some((binding) => binding.callId === callId && binding.cseq >= cseq.number)) {
      return refuse(400, "CSeq Out of Order");
    }
    if (wanted.kind !== "update") return undefined;
    if (wanted.contacts.length > this.#limits.bindingsPerAor) {
      return refuse(400, "Too Many Contacts");
    }
    if (held === undefined && !this.#hasPlace(nowMs)) return refuse(503, "Too Many Registrations");
    return undefined;
  }

  #update(
    contact: RequestedContact,
    from: {
      aor: string;
      flowId: string;
      path: readonly string[];
      request: SipRequest;
      nowMs: number;
    },
  ): void {
    const { aor, flowId, path, request, nowMs } = from;
    this.#drop(aor, contact.key);
    const seconds = Math.min(contact.expiresSeconds, this.#limits.maxSeconds);
    if (seconds === 0) return;
    const bindings = this.#aors.get(aor) ?? new Map<string, HeldBinding>();
    if (bindings.size >= this.#limits.bindingsPerAor) {
      const [oldest] = bindings.keys();
      if (oldest !== undefined) this.#drop(aor, oldest);
    }
    bindings.set(contact.key, {
      aor,
      contactUri: contact.contactUri,
      params: contact.params,
      flowId,
      path,
      expiresAtMs: nowMs + seconds * 1000,
      callId: request.callId,
      cseq: request.cseq.number,
    });
    this.#aors.set(aor, bindings);
    const ofFlow = this.#aorsByFlow.get(flowId) ?? new Set<string>();
    this.#aorsByFlow.set(flowId, ofFlow.add(aor));
  }

  #listing(aor: string, path: readonly string[], nowMs: number): RegisterAnswer {
    const bindings = [...(this.#aors.get(aor)?.values() ?? [])];
    const contacts = bindings.map(({ contactUri, params, expiresAtMs }) => ({
      name: "Contact",
      value: `<${contactUri}>${params};expires=${Math.ceil((expiresAtMs - nowMs) / 1000)}`,
    }));
    // RFC 3327 §5.3: the values of the request come back with the answer.
    const paths = path.map((value) => ({ name: "Path", value }));
    return { status: 200, reason: "OK", headers: [...contacts, ...paths] };
  }

  #hasPlace(nowMs: number): boolean {
    if (this.#aors.size < this.#limits.aors) return true;
    if (nowMs < this.#nextSweepMs) return false;
    this.#nextSweepMs = nowMs + SWEEP_INTERVAL_MS;
    for (const aor of this.#aors.keys()) this.#dropExpired(aor, nowMs);
    return this.#aors.size < this.#limits.aors;
  }

  #dropExpired(aor: string, nowMs: number): void {
    this.#dropWhere(aor, (binding) => binding.expiresAtMs <= nowMs);
  }

  #dropAll(aor: string): void {
    this.#dropWhere(aor, () => true);
  }

  #dropWhere(aor: string, unwanted: (binding: HeldBinding) => boolean): void {
    for (const [key, binding] of this.#aors.get(aor) ?? []) {
      if (unwanted(binding)) this.#drop(aor, key);
    }
  }

  #drop(aor: string, key: string): void {
    const bindings = this.#aors.get(aor);
    const binding = bindings?.get(key);
    if (bindings === undefined || binding === undefined) return;
    bindings.delete(key);
    if (bindings.size === 0) this.#aors.delete(aor);
    const { flowId } = binding;
    if ([...bindings.values()].some((other) => other.flowId === flowId)) return;
    const ofFlow = this.#aorsByFlow.get(flowId);
    ofFlow?.delete(aor);
    if (ofFlow?.size === 0) this.#aorsByFlow.delete(flowId);
  }
}

function aorOf(request: SipRequest): string | undefined {
  const index = request.find(HeaderId.To);
  const to = index < 0 ? undefined : parseNameAddr(request.utf8At(index));
  return to?.ok === true ? canonicalAor(to.value.uri) : undefined;
}

function pathOf(request: SipRequest): readonly string[] | undefined {
  const values: string[] = [];
  let length = 0;
  for (let i = request.find(HeaderId.Path); i >= 0; i = request.find(HeaderId.Path, i + 1)) {
    for (const { start, end } of splitValues(request, i)) {
      const value = request.bytes.toString("latin1", start, end).replaceAll(/\r\n[ \t]+/g, " ");
      values.push(value);
      length += value.length;
    }
  }
  return length > MAX_PATH_LENGTH ? undefined : values;
}

function refuse(status: number, reason: string): RegisterAnswer {
  return { status, reason, headers: [] };
}
