/**
 * Whether a text is as a pattern says, in which `*` is any text. Without regular expressions: a pattern with many stars must not take long.
 *
 * @example isLike('arn:aws:s3:::logs-2026', 'arn:aws:s3:::logs-*')
 */
export function isLike(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
