// eslint-disable-next-line no-control-regex -- the range of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/** Whether a text holds nothing beyond ASCII: it has one form then, and hides nothing but control characters. */
export function isAsciiText(text: string): boolean {
  return ASCII.test(text);
}
