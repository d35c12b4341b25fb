import { constants } from "node:crypto";
import { isIP } from "node:net";
import {
  createSecureContext,
  getCACertificates,
  type ConnectionOptions,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
} from "node:tls";
import { CodedError } from "../base/coded-error.ts";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import type { KeyPair } from "../base/key-pair.ts";
import { readKeyPairs, statKeyPairs, type CertificateFiles } from "./certificate-files.ts";
import { findIdentityProblem } from "./peer-identity.ts";

/** What TLS is done with: plain data, as it stands in the configuration. */
export interface TlsSettings {
  /** PEM files; the first pair is for who asks for no name that we have. */
  readonly certificates: readonly CertificateFiles[];
  /** PEM file of the authorities that vouch for peers; undefined: those of the system. */
  readonly ca: string | undefined;
  readonly verifyPeer: boolean;
  readonly clientCert: "off" | "optional" | "required";
}

export interface TlsContextsDeps {
  readonly clock: Clock;
  /** A new file that is of no use, and that the old one stays: TLS_FILES_BROKEN, once for each change. */
  readonly onError: (error: CodedError) => void;
  /** New certificates are in force. */
  readonly onReload?: (files: readonly CertificateFiles[]) => void;
}

/**
 * The certificates of the gateway and how far peers are believed; shared by everything that speaks TLS. Nothing below
 * TLS 1.2, no renegotiation, no ALPN of its own.
 *
 * The files are looked at every ten seconds. New ones are in force for every handshake that begins later, once they
 * have stayed the same for one such time (a certificate and its key are never replaced in one moment); connections
 * that are there stay as they are.
 */
export interface TlsContexts extends Disposable {
  /** For `tls.createServer` and `https.createServer`; the server is then handed to `follow`. */
  serverOptions(): TlsOptions;
  /** Gives a server new certificates when there are some, until it closes. */
  follow(server: Server): void;
  /** Looks at the files now, and takes what has changed without waiting. Never rejects. */
  look(): Promise<void>;
  /** For `tls.connect`. `name`: the host whose certificate it must be, or a literal address. */
  clientOptions(name: string): ConnectionOptions;
}

/** How often the files are looked at. */
const LOOK_EVERY_MS = 10_000;

/** Reads the files. Throws CodedError TLS_FILES_BROKEN when one is of no use. */
export function createTlsContexts(deps: TlsContextsDeps, settings: TlsSettings): TlsContexts {
  let contexts = buildContexts(settings);
  const servers = new Set<Server>();
  const watch = watchFiles(deps, settings, () => {
    contexts = buildContexts(settings);
    for (const server of servers) server.setSecureContext(contexts.serverFiles);
    deps.onReload?.(settings.certificates);
  });
  const requestCert = settings.clientCert !== "off";
  return {
    serverOptions: () => ({
      ...contexts.serverFiles,
      requestCert,
      rejectUnauthorized: settings.clientCert === "required",
      SNICallback: (name, done) => done(null, contexts.byName(name)),
    }),
    follow(server) {
      servers.add(server);
      server.once("close", () => servers.delete(server));
    },
    clientOptions: (name) => ({
      secureContext: contexts.client,
      rejectUnauthorized: settings.verifyPeer,
      // RFC 6066 §3: a literal address is no server name.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      checkServerIdentity(_host, certificate) {
        const problem = findIdentityProblem(name, certificate);
        return problem === undefined ? undefined : new Error(problem);
      },
    }),
    look: () => watch.look("at once"),
    [Symbol.dispose]: () => watch.cancel(),
  };
}

interface Contexts {
  readonly serverFiles: SecureContextOptions;
  readonly client: SecureContext;
  /** The certificate that bears this name, else the first one. */
  byName(name: string): SecureContext;
}

const COMMON: SecureContextOptions = {
  minVersion: "TLSv1.2",
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  // Sessions that were made with a client's certificate are resumed only within this.
  sessionIdContext: "sluice",
};

function buildContexts(settings: TlsSettings): Contexts {
  const { pairs, ca } = readKeyPairs(settings);
  const serverFiles = (pair: KeyPair | undefined): SecureContextOptions => ({
    ...COMMON,
    ...(pair === undefined ? {} : { cert: pair.cert, key: pair.key }),
    ...(settings.clientCert === "off" || ca === undefined ? {} : { ca }),
  });
  try {
    const byName = new Map<string, SecureContext>();
    const first = createSecureContext(serverFiles(pairs[0]));
    for (const pair of pairs) {
      const context = pair === pairs[0] ? first : createSecureContext(serverFiles(pair));
      for (const name of pair.names) if (!byName.has(name)) byName.set(name, context);
    }
    const own = pairs[0] === undefined ? {} : { cert: pairs[0].cert, key: pairs[0].key };
    return {
      serverFiles: serverFiles(pairs[0]),
      client: createSecureContext({ ...COMMON, ...own, ca: ca ?? systemAuthorities() }),
      byName(name) {
        const wanted = name.toLowerCase();
        const parent = wanted.slice(wanted.indexOf(".") + 1);
        return byName.get(wanted) ?? byName.get(`*.${parent}`) ?? first;
      },
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError("TLS_FILES_BROKEN", `TLS does not take the certificate: ${reason}`, {
      cause,
    });
  }
}

/** Those of the system, which its administrator rules; a container without any has those that Node brings. */
function systemAuthorities(): string[] {
  // Debian has each of them several times (a bundle, single files, links); reading one takes a third of a millisecond.
  const system = [...new Set(getCACertificates("system"))];
  return system.length > 0 ? system : getCACertificates("bundled");
}

interface FileWatch {
  look(take: "when settled" | "at once"): Promise<void>;
  cancel(): void;
}

/** Calls `load` when the files have changed and stayed so; what it throws is reported, and the old stays in force. */
function watchFiles(
  { clock, onError }: TlsContextsDeps,
  settings: TlsSettings,
  load: () => void,
): FileWatch {
  let loaded: string | undefined;
  let reported: string | undefined;
  let seen: string | undefined;
  let cancelled = false;
  let next: ScheduledCall | undefined;
  const report = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${reason}; the old certificate stays in force`;
    onError(new CodedError("TLS_FILES_BROKEN", message, { cause: error }));
  };
  const look: FileWatch["look"] = async (take) => {
    const now = await statKeyPairs(settings);
    if (cancelled) return;
    loaded ??= now;
    if ((now === seen || take === "at once") && now !== loaded) {
      try {
        load();
        loaded = now;
      } catch (error) {
        // Tried again at every look: what was in the way need not show on the files.
        if (now !== reported || take === "at once") report(error);
        reported = now;
      }
    }
    seen = now;
    next?.cancel();
    next = clock.schedule(LOOK_EVERY_MS, () => void look("when settled"));
  };
  void look("when settled");
  return {
    look,
    cancel() {
      cancelled = true;
      next?.cancel();
    },
  };
}
