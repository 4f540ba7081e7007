import { unreadable } from '@hospital-pay/payments/contract';

const keepsEnds = (text: string, head: number, tail: number): string =>
  text.length <= head + tail
    ? '*'.repeat(text.length)
    : `${text.slice(0, head)}${'*'.repeat(6)}${text.slice(-tail)}`;

const payer = (text: string): string => keepsEnds(text, 4, 2);
/** Titles and reasons are typed by people and often hold the patient's name. */
const freeText = (text: string): string => `${[...text].slice(0, 1).join('')}**`;

const masks: Record<string, (text: string) => string> = {
  auth_code: (text) => keepsEnds(text, 2, 4),
  buyer_id: payer,
  buyer_user_id: payer,
  buyer_open_id: payer,
  buyer_logon_id: payer,
  open_id: payer,
  seller_email: payer,
  subject: freeText,
  body: freeText,
  refund_reason: freeText,
  // The query opens the file.
  bill_download_url: (text) => text.replace(/\?.*$/s, '?***'),
};

/** A call's JSON as the interface log may keep it: payment codes, payers and free text masked, signatures left out. */
export function masked(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((entry) => masked(entry, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'sign')
        .map(([name, entry]) => [name, masked(entry, name)]),
    );
  }
  const mask = Object.hasOwn(masks, key) ? masks[key] : undefined;
  return mask && (typeof value === 'string' || typeof value === 'number') ? mask(String(value)) : value;
}

export function maskedText(text: string): string {
  try {
    return JSON.stringify(masked(JSON.parse(text)));
  } catch {
    return unreadable(text);
  }
}
