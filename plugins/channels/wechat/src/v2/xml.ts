import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

/** v2 speaks one flat element of texts, nothing else. */
const flat = z.object({ xml: z.record(z.string(), z.string()) });

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, ignoreDeclaration: true });

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export function writeXml(parameters: Record<string, string>): string {
  const elements = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<${name}>${value.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign)}</${name}>`);
  return `<xml>${elements.join('')}</xml>`;
}

/**
 * `undefined` for anything but flat, well-formed XML. A document type is refused unread: entities declared in it
 * are how XML reads files and eats memory.
 */
export function readXml(text: string): Record<string, string> | undefined {
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) return undefined;
  try {
    if (XMLValidator.validate(text) !== true) return undefined;
    const read = flat.safeParse(parser.parse(text));
    return read.success ? read.data.xml : undefined;
  } catch {
    return undefined;
  }
}
