/** The length of the longest of these texts, of which there may be very many; 0 when there are none. */
export function longestOf(texts: Iterable<string>): number {
  let longest = 0;
  for (const text of texts) longest = Math.max(longest, text.length);
  return longest;
}
