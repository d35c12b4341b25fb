import { connect } from "node:tls";
import type { ProtocolContext, ProtocolTransport, StreamFramer } from "./protocol-transport.ts";
import { createStreamTransport } from "./tcp-transport.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";
import type { TlsContexts } from "./tls-contexts.ts";

/**
 * SIP over TLS (RFC 3261 §26.3.1): what tcp-transport.ts does, with a handshake before the first message. Whom we
 * connect to proves by its certificate that it is the server we mean (RFC 5922); a connection that cannot be had so is
 * reported as any other, with the reason in words. The time for connecting includes the handshake.
 */
export function createTlsTransport<Frame>(
  context: ProtocolContext<Frame>,
  createFramer: () => StreamFramer<Frame>,
  contexts: TlsContexts,
): ProtocolTransport {
  const acceptor = new TlsAcceptor(context, contexts, "tls");
  return createStreamTransport(context, createFramer, {
    transport: "tls",
    encrypted: true,
    prepare: (accepted, ready) => acceptor.accept(accepted, ready),
    open: (to, name) => ({
      socket: connect({ ...to, ...contexts.clientOptions(name) }),
      event: "secureConnect",
    }),
    close: () => acceptor.close(),
  });
}
