/** The first lines of some bytes, with their line breaks; one longer than `limit` bytes comes in pieces, as C's fgets. */

export function firstLines(bytes: Buffer, count: number, limit: number): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length && lines.length < count; ) {
    const lineBreak = bytes.indexOf(10, at);
    const end = Math.min(lineBreak < 0 ? bytes.length : lineBreak + 1, at + limit);
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}
