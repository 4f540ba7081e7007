import { createHash, randomInt } from 'node:crypto';
import { DateTime } from 'luxon';

/**
 * 24 digits: the merchant's local time to the millisecond and seven random ones. Short enough for every channel
 * (CCB takes 30), and a person reads the day off it. The unique index has the last word.
 */
export function newOrderNo(now: Date, zone: string): string {
  const time = DateTime.fromJSDate(now, { zone }).toFormat('yyyyMMddHHmmssSSS');
  return time + String(randomInt(10 ** 7)).padStart(7, '0');
}

/** Refunds of one order count up, so a refund number names its order. */
export const refundNoOf = (orderNo: string, count: number): string =>
  `${orderNo}R${String(count).padStart(2, '0')}`;

export const orderNoOfRefund = (refundNo: string): string => refundNo.replace(/R\d+$/, '');

/** Hash of what was asked, whatever the order of its fields. */
export function hashOf(body: object): string {
  const entries = Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}

/** First two and last four, as the interface log shows payment codes. */
export const hintOf = (authCode: string): string =>
  authCode.length < 10 ? '****' : `${authCode.slice(0, 2)}****${authCode.slice(-4)}`;

const nothings = /^\s*(0+|[-_.*/\\]+|null|none|undefined|n\/?a|无|空|暂无)?\s*$/i;

/** What others write where they have no number. Rows that say it have nothing in common. */
export const isNoNumber = (text: string): boolean => nothings.test(text);
