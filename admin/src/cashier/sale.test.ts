import { describe, expect, test } from 'vitest';
import { orderStatuses } from '../http/contracts';
import { isFinal, isPaymentCode, remainingText, saleNumber, standingOf, WedgeReader } from './sale';

const code = '134678901234567890';

function scan(reader: WedgeReader, text: string, gap: number, from = 1000): string | undefined {
  let at = from;
  for (const digit of text) {
    expect(reader.key(digit, at)).toBeUndefined();
    at += gap;
  }
  return reader.key('Enter', at);
}

describe('a scanner that types', () => {
  test('is told from a hand by its speed', () => {
    expect(scan(new WedgeReader(), code, 8)).toBe(code);
    expect(scan(new WedgeReader(), code, 120)).toBeUndefined();
  });

  test('is told from a fast hand by its length', () => {
    expect(scan(new WedgeReader(), '1999', 30)).toBeUndefined();
  });

  test('after an amount typed by hand gives the code alone', () => {
    const reader = new WedgeReader();
    reader.key('1', 0);
    reader.key('2', 300);
    expect(scan(reader, code, 5, 900)).toBe(code);
  });

  test('two scans give two codes', () => {
    const reader = new WedgeReader();
    expect(scan(reader, code, 5)).toBe(code);
    expect(scan(reader, '280123456789012345', 5, 5000)).toBe('280123456789012345');
  });
});

describe('a sale', () => {
  test('gets a number of its own each time, short enough for every channel', () => {
    const numbers = new Set(Array.from({ length: 2000 }, () => saleNumber('C')));
    expect(numbers.size).toBe(2000);
    for (const number of numbers) expect(number).toMatch(/^C\d{24}$/);
  });

  test('is called a failure or a success only when the channel has said so', () => {
    const standings = Object.fromEntries(orderStatuses.map((status) => [status, standingOf({ status })]));
    expect(standings).toEqual({
      created: 'waiting',
      pending: 'waiting',
      unknown: 'confirming',
      paid: 'paid',
      partially_refunded: 'paid',
      refunded: 'refunded',
      closed: 'closed',
      reversed: 'reversed',
      failed: 'failed',
    });
    expect(orderStatuses.filter((status) => !isFinal({ status }))).toEqual(['created', 'pending', 'unknown']);
  });

  test('payment codes are 16 to 24 digits', () => {
    expect(isPaymentCode(code)).toBe(true);
    expect(isPaymentCode('123')).toBe(false);
    expect(isPaymentCode(`${code}a`)).toBe(false);
  });

  test('the time left is counted to the second and ends', () => {
    const now = Date.parse('2026-11-22T10:00:00Z');
    expect(remainingText('2026-11-22T10:04:59Z', now)).toBe('04:59');
    expect(remainingText('2026-11-22T10:00:00Z', now)).toBeUndefined();
    expect(remainingText(null, now)).toBeUndefined();
  });
});
