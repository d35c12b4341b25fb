import { z } from "zod";
import { choice, section, text } from "../policy/vocabulary.ts";

/** `tls:` of sluice.yaml as written. */
export interface TlsData {
  readonly cert?: string | readonly CertificateData[] | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  readonly verify_peer?: boolean | undefined;
  readonly client_cert?: ClientCert | undefined;
}

export interface CertificateData {
  readonly cert: string;
  readonly key: string;
}

export type ClientCert = "off" | "optional" | "required";

const pair = section({
  cert: text().meta({ description: "PEM file: the certificate, then its chain." }),
  key: text().meta({ description: "PEM file: its key, without a passphrase." }),
});

/** The keys of `tls:`, for config-schema.ts. */
export const tlsSchema: z.ZodType<TlsData> = section({
  cert: z
    .union(
      [text(), z.array(pair).min(1, "must name at least one certificate")],
      "expected a file, or a list of maps with cert and key",
    )
    .optional()
    .meta({
      description:
        "PEM file: the certificate, then its chain; or a list of { cert, key }, chosen by the name that the client asks for, the first one by default.",
    }),
  key: text().optional().meta({ description: "PEM file: the key of cert; not beside a list." }),
  ca: text().optional().meta({
    description: "PEM file of the authorities that vouch for peers. Default: those of the system.",
  }),
  verify_peer: z.boolean().optional().meta({
    description: "Servers that we connect to must prove their name. Default: true.",
  }),
  client_cert: choice(["off", "optional", "required"]).optional().meta({
    description: "Whether clients show a certificate of theirs (mutual TLS). Default: off.",
  }),
}).meta({ description: "Certificates for TLS and secure WebSocket." });
