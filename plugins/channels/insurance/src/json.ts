import { randomUUID } from 'node:crypto';

/** A number as it was written: what was signed is `202.00`, and JavaScript would print 202. */
export class Digits {
  constructor(readonly text: string) {}
}

const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Nobody who writes a text can know it. */
const mark = randomUUID();

/** JSON with its numbers as `Digits`; `undefined` when the text is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(
      text.replace(tokens, (token) => (token.startsWith('"') ? token : `"${mark}${token}"`)),
      (_, value) =>
        typeof value === 'string' && value.startsWith(mark) ? new Digits(value.slice(mark.length)) : value,
    );
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);

/** JSON with the keys of every object sorted. */
export function sortedJson(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`);
  return `{${members.join(',')}}`;
}
