import { unreadable } from '@hospital-pay/payments/contract';

/** A payment code stays recognisable to the cashier (kind of wallet and last digits) and useless to anybody else. */
function maskCode(code: string): string {
  return code.length <= 6
    ? '*'.repeat(code.length)
    : `${code.slice(0, 2)}${'*'.repeat(code.length - 6)}${code.slice(-4)}`;
}

const maskIdentity = (text: string) => (text.length <= 8 ? '***' : `${text.slice(0, 3)}***${text.slice(-4)}`);

/** Titles and reasons are typed by people and often hold the patient's name. */
const freeText = (text: string) => `${[...text].slice(0, 1).join('')}**`;

const coverings: Record<string, (text: string) => string> = {
  auth_code: maskCode,
  openid: maskIdentity,
  sub_openid: maskIdentity,
  payer_client_ip: (text) => text,
  description: freeText,
  body: freeText,
  reason: freeText,
  refund_desc: freeText,
  sign: () => '***',
  signature: () => '***',
  paySign: () => '***',
  ciphertext: () => '***',
  // Insurance: who is ill, and what authorizes the payment.
  name: () => '***',
  id_digest: () => '***',
  pay_auth_no: () => '***',
  geo_location: () => '***',
  passthrough_request_content: () => '***',
  passthrough_response_content: () => '***',
  user_received_account: (text) => text.replace(/\d{4,}/g, '****'),
  refund_recv_accout_0: (text) => text.replace(/\d{4,}/g, '****'),
};

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const cover = coverings[name];
      if (cover && typeof inner === 'string') return [name, cover(inner)];
      if (name === 'download_url' && typeof inner === 'string') return [name, maskUrl(inner)];
      return [name, mask(inner)];
    }),
  );
}

export function maskJson(text: string): string {
  try {
    return JSON.stringify(mask(JSON.parse(text)));
  } catch {
    return unreadable(text);
  }
}

const sensitiveElement =
  /<(auth_code|openid|sub_openid|body|refund_desc|sign|refund_recv_accout_\d+)>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?<\/\1>/gs;

const wholeMessage = /^\s*<xml>.*<\/xml>\s*$/s;

export function maskXml(text: string): string {
  // What was cut off could end within a field that is covered.
  if (!wholeMessage.test(text)) return unreadable(text);
  return text
    .replace(sensitiveElement, (_whole, name: string, value: string) => {
      const cover = coverings[name] ?? coverings.refund_recv_accout_0;
      return `<${name}>${cover ? cover(value) : '***'}</${name}>`;
    })
    .slice(0, 8000);
}

/** The token in a bill's address opens the bill. */
export const maskUrl = (url: string) => url.replace(/([?&]token=)[^&]*/g, '$1***');
