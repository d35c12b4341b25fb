/** PortX is Port XOR 0x3141 (lcs.md B2): a copy that a NAT's helper does not recognise; the same turns it back. */
export function disguisedPort(port: number): number {
  return port ^ 0x3141;
}
