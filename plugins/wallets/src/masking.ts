import { unreadable } from '@hospital-pay/payments/contract';

/** How the value of a field is covered in the log, by the field's name. */
export type Covers = Record<string, (text: string) => string>;

/** The ends stay, to be recognised by. */
export const keepEnds =
  (head: number, tail: number) =>
  (text: string): string =>
    text.length <= head + tail
      ? '*'.repeat(text.length)
      : `${text.slice(0, head)}${'*'.repeat(6)}${text.slice(-tail)}`;

export const hide = (): string => '***';

/** Titles and reasons are typed by people and often hold the patient's name. */
export const coverFreeText = (text: string): string => `${[...text].slice(0, 1).join('')}**`;

function masked(value: unknown, covers: Covers, name = ''): unknown {
  const cover = Object.hasOwn(covers, name) ? covers[name] : undefined;
  if (cover) return cover(typeof value === 'string' ? value : JSON.stringify(value));
  if (Array.isArray(value)) return value.map((entry) => masked(entry, covers, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, masked(entry, covers, key)]));
}

/** A body as the interface log may keep it. */
export function maskedText(text: string, covers: Covers): string {
  try {
    return JSON.stringify(masked(JSON.parse(quoteLongNumbers(text)), covers));
  } catch {
    return unreadable(text);
  }
}

/**
 * Numbers of more than 15 digits as texts: `JSON.parse` would round them. Only numbers outside of strings are touched.
 */
export const quoteLongNumbers = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
