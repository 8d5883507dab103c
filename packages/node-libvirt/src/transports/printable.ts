/**
 * What a server says, as it may stand in a message: on one line, without control characters, not long.
 *
 * @param text from the network
 */
export function printable(text: string, maxLength = 300): string {
  const line = text
    .slice(0, 2 * maxLength)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
