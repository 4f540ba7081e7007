import type { Row } from '../http/contracts';

/** The number under which both sides of a case can be looked for. */
export function locationOf(row: Row): string {
  for (const name of ['orderNo', 'channelTradeNo', 'hisSerialNo']) {
    const value = row[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}
