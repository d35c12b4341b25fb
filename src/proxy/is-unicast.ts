/** Nothing is ever sent to every host of a network, nor to a group (RFC 4475 §3.3.10). */
export function isUnicast(address: string): boolean {
  if (address.includes(":")) return !/^(?:ff|::$|::ffff:)/i.test(address);
  const first = Number(address.split(".")[0]);
  return first > 0 && first < 224;
}
