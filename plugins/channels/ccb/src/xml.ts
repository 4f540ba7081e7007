import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export const element = (name: string, value: string): string =>
  `<${name}>${value.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign)}</${name}>`;

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, ignoreDeclaration: true });
const branch = z.record(z.string(), z.unknown());

/**
 * The content of the one root element, `undefined` when it is no well-formed XML. A document type is refused unread:
 * entities declared in it are how XML reads files and eats memory.
 */
export function readXml(text: string): Record<string, unknown> | undefined {
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
  try {
    if (XMLValidator.validate(text) !== true) return undefined;
    const roots = branch.safeParse(parser.parse(text));
    const [root] = roots.success ? Object.values(roots.data) : [];
    const content = branch.safeParse(root);
    return content.success ? content.data : undefined;
  } catch {
    return undefined;
  }
}

/** UTF-8, or GB18030 as the bank's programs write. */
export function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}
