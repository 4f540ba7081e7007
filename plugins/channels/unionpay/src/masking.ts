import type { Fields } from './signing';

const keepsEnds = (text: string, head: number, tail: number): string =>
  text.length <= head + tail ? '*'.repeat(text.length) : `${text.slice(0, head)}******${text.slice(-tail)}`;

const masks: Record<string, (text: string) => string> = {
  qrNo: (text) => keepsEnds(text, 2, 4),
  accNo: (text) => keepsEnds(text, 6, 4),
  payCardNo: (text) => keepsEnds(text, 6, 4),
  fileContent: (text) => `(${text.length} characters)`,
};

const left = new Set(['signature', 'signPubKeyCert']);

/** A message as the interface log may keep it: codes and cards masked, signatures and certificates left out. */
export const masked = (fields: Fields): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(fields)
        .filter(([name]) => !left.has(name))
        .map(([name, value]) => [name, masks[name]?.(value) ?? value]),
    ),
  );
