/**
 * The last pair of eyes before a text is stored. Drivers mask what they send; this catches what one of them forgot:
 * payment codes, bank cards, identity numbers, keys, and fields whose name says what they hold.
 */
const secretFields = [
  'auth_?code',
  'pass(?:word|wd)',
  '(?:app_?|api_?|mch_?)?secret',
  '(?:app_?)?private_?key',
  'api_?(?:v3_?)?key',
  'signing_?key',
  'access_?token',
  'refresh_?token',
  'open_?id',
  'buyer_?(?:logon_?)?id',
  'patient_?(?:name|id)',
  'card_?no',
  'id_?(?:card|no)',
  'mobile|phone',
].join('|');

/** JSON at any depth: within a text every quote has as many backslashes before it as the one that ends the name. */
const json = new RegExp(
  `("(?:${secretFields})(\\\\*)"\\s*:\\s*)(?:(\\2")((?:[^"\\\\]|\\\\+[^"\\\\]|\\2\\\\+")+)|(\\d+))`,
  'gi',
);
const encodedJson = new RegExp(
  `(%22(?:${secretFields})%22(?:%20)*%3A(?:%20)*(?:%22)?)((?<=%22)(?:(?!%22|&).)+|\\d+)`,
  'gi',
);
const form = new RegExp(`((?:^|[?&;\\s])(?:${secretFields})=)([^&\\s]+)`, 'gi');
const xml = new RegExp(`(<(?:${secretFields})>(?:<!\\[CDATA\\[)?)([^<\\]]+)`, 'gi');
const pem = /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g;

/** WeChat: 18 digits from 10 to 15; Alipay: 16 to 24 digits from 25 to 30. */
const paymentCode =
  /(?<=^|[^0-9A-Za-z]|%[0-9A-Fa-f]{2})(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})(?![0-9A-Za-z])/g;
const bankCard = /(?<=^|[^0-9A-Za-z]|%[0-9A-Fa-f]{2})(?:62|4\d|5[1-5]|3[47])\d{13,17}(?![0-9A-Za-z])/g;
const identityNumber =
  /(?<=^|[^0-9A-Za-z]|%[0-9A-Fa-f]{2})[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])/g;

/** An escape is never cut in two. */
const stars = (text: string) => (text.length <= 8 || text.includes('\\') ? '****' : `****${text.slice(-4)}`);

/** @param known numbers of our own that must stay readable even when they look like a card. */
export function scrub(text: string, known: readonly string[] = []): string {
  const kept = new Set(known);
  const hideField = (_: string, before: string, value: string) =>
    kept.has(value) ? before + value : before + stars(value);
  // A bare number becomes a text: the stars must leave it JSON.
  const hideJson = (
    _: string,
    name: string,
    slashes: string,
    open = `${slashes}"`,
    value = '',
    number = '',
  ) => (number ? `${hideField('', name + open, number)}${open}` : hideField('', name + open, value));
  const hideNumber = (number: string) => (kept.has(number) ? number : stars(number));
  return text
    .replace(pem, '[PEM]')
    .replace(json, hideJson)
    .replace(encodedJson, hideField)
    .replace(form, hideField)
    .replace(xml, hideField)
    .replace(paymentCode, hideNumber)
    .replace(identityNumber, hideNumber)
    .replace(bankCard, (number) => (isLuhn(number) ? hideNumber(number) : number));
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** PostgreSQL refuses NUL in a text; a body without end is cut where people stop reading. */
export function storable(text: string, length: number, whole = text.length): string {
  const clean = text.replaceAll('\u0000', '');
  return clean.length <= length ? clean : `${clean.slice(0, length)}… (${whole})`;
}
