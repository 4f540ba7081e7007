/** A logged body as people read it: JSON and XML indented, anything else (and anything broken) as it is. */
export function prettyBody(body: string): string {
  const text = body.trim();
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return body;
    }
  }
  if (text.startsWith('<') && text.endsWith('>')) return indentXml(text);
  if (/^[\w.-]+=[^&\s]*(&[\w.-]+=[^&\s]*)+$/.test(text)) return text.split('&').join('\n&');
  return body;
}

function indentXml(xml: string): string {
  let depth = 0;
  return xml
    .replace(/>\s*</g, '>\n<')
    .split('\n')
    .map((line) => {
      if (/^<\//.test(line)) depth = Math.max(0, depth - 1);
      const indented = `${'  '.repeat(depth)}${line}`;
      if (/^<[^!?/][^>]*[^/]?>$/.test(line) && !line.endsWith('/>')) depth += 1;
      return indented;
    })
    .join('\n');
}
