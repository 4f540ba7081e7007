import { unreadable } from '@hospital-pay/payments/contract';

const keepsEnds = (text: string, head: number, tail: number): string =>
  text.length <= head + tail ? '*'.repeat(text.length) : `${text.slice(0, head)}******${text.slice(-tail)}`;

const payer = (text: string) => keepsEnds(text, 4, 2);
/** Titles are typed by people and often hold the patient's name. */
const freeText = (text: string) => `${[...text].slice(0, 1).join('')}**`;

const masks: Record<string, (text: string) => string> = {
  qr_code: (text) => keepsEnds(text, 2, 4),
  card_no: (text) => keepsEnds(text, 6, 4),
  open_id: payer,
  union_id: payer,
  cust_id: payer,
  attach: freeText,
  body: freeText,
  wx_data_package: () => '***',
  zfb_data_package: () => '***',
  union_data_package: () => '***',
};

/** A body as the interface log may keep it: payment codes, cards, payers and free text masked. */
export function masked(body: Record<string, unknown>): string {
  const shown = Object.entries(body).map(([name, value]) => {
    const mask = Object.hasOwn(masks, name) ? masks[name] : undefined;
    return [name, mask && typeof value === 'string' ? mask(value) : value];
  });
  return JSON.stringify(Object.fromEntries(shown));
}

/** An answer that is not read any further, because it is broken or nobody's word: the same fields masked in its text. */
export function maskedText(text: string): string {
  if (!/^\s*\{/.test(text)) return unreadable(text);
  return text.replace(
    /"(\w+)"(\s*:\s*)"((?:[^"\\]|\\.)*)"?/g,
    (whole, name: string, colon: string, value: string) => {
      const mask = Object.hasOwn(masks, name) ? masks[name] : undefined;
      return mask ? `"${name}"${colon}"${mask(value)}"` : whole;
    },
  );
}
