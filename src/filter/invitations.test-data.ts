/** The steps of one transfer of the LCS dialect, line by line (lcs.md B11, E3 to E5). */

const COOKIE = "Invitation-Cookie: 513756658";

/** @param encryption undefined: of the plain variant */
export function offerOf(encryption: string | undefined): readonly string[] {
  return [
    "Application-Name: File Transfer",
    "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
    "Invitation-Command: INVITE",
    COOKIE,
    "Application-File: hello.txt",
    "Application-FileSize: 27",
    ...(encryption === undefined ? [] : [`Encryption: ${encryption}`]),
  ];
}

export const INVITE: readonly string[] = offerOf("R");

export function acceptOf(...lines: readonly string[]): readonly string[] {
  return ["Invitation-Command: ACCEPT", "Request-Data: IP-Address:", COOKIE, ...lines];
}

export const ACCEPT: readonly string[] = acceptOf();

export const KEYS: readonly string[] = [
  "Encryption-Key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "Hash-Key: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
];

/** Where a peer says that it listens. */
export function listeningAt(address: string, port = 6891): readonly string[] {
  return [
    `IP-Address: ${address}`,
    `Port: ${port}`,
    `PortX: ${port ^ 0x3141}`,
    "AuthCookie: 123456789",
  ];
}

/** Of alice, who sends the file. */
export const ADDRESS: readonly string[] = listeningAt("192.0.2.10");

/** @param code as Cancel-Code; absent: the line is left out */
export function cancelOf(code?: string): readonly string[] {
  return [
    "Invitation-Command: CANCEL",
    COOKIE,
    ...(code === undefined ? [] : [`Cancel-Code: ${code}`]),
  ];
}
