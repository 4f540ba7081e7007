import { unreadable } from '@hospital-pay/payments/contract';

const masks: Record<string, (text: string) => string> = {
  QRCODE: (text) => (text.length < 10 ? '******' : `${text.slice(0, 2)}******${text.slice(-4)}`),
  QUPWD: () => '***',
  PASSWORD: () => '***',
  USRMSG: () => '***',
  USRINFO: () => '***',
  SIGN: () => '',
};

/** Fields as the interface log may keep them: payment codes, passwords and payers masked, signatures left out. */
export const masked = (fields: Iterable<[string, unknown]>): string =>
  JSON.stringify(
    Object.fromEntries(
      [...fields].flatMap(([name, value]) => {
        const mask = Object.hasOwn(masks, name) ? masks[name] : undefined;
        const shown = mask && typeof value === 'string' ? mask(value) : value;
        return shown === '' ? [] : [[name, shown]];
      }),
    ),
  );

/** The same for XML, kept as text. */
export const maskedXml = (text: string): string =>
  /^\s*</.test(text) && !/^\s*<(?:!doctype )?html/i.test(text)
    ? text.replace(/<(PASSWORD|REFUND_ACCOUNT|SIGN)>[^<]*/g, '<$1>***').slice(0, 4000)
    : unreadable(text);
