import { expect, test } from 'vitest';
import { isCardNumber, isPaymentCode, nothingTyped, tokenIn, typed } from './wedge';

/** Types keys with `gap` ms between them; answers what was scanned. */
function scans(keys: string[], gap: number): string[] {
  let state = nothingTyped;
  const found: string[] = [];
  keys.forEach((key, index) => {
    const { after, scan } = typed(state, key, 1_000_000 + index * gap);
    state = after;
    if (scan !== undefined) found.push(scan);
  });
  return found;
}

test('quick keys that end in Enter are a scan, whatever Shift does between them', () => {
  expect(scans([...'280123456789012345', 'Enter'], 8)).toEqual(['280123456789012345']);
  expect(scans(['Shift', 'A', 'b', 'Shift', 'C', '1', 'Enter'], 8)).toEqual(['AbC1']);
  expect(scans([...'1234', 'Enter', ...'5678', 'Enter'], 8)).toEqual(['1234', '5678']);
});

test('a hand that types is no scanner, nor is a lone Enter', () => {
  expect(scans([...'280123456789012345', 'Enter'], 200)).toEqual([]);
  expect(scans(['Enter'], 8)).toEqual([]);
  expect(scans([...'123', 'Enter'], 8)).toEqual([]);
});

test('what was left over long ago does not join the next scan', () => {
  const { after } = typed(nothingTyped, '9', 1000);
  expect(typed(after, '1', 5000).after.text).toBe('1');
});

test('an address leads to its bill, a payment code and a card are told by their form', () => {
  expect(tokenIn('https://pay.hospital.cn/pay/abcdefghijkl-_0123456789')).toBe('abcdefghijkl-_0123456789');
  expect(tokenIn('https://pay.hospital.cn/pay/short')).toBeUndefined();
  expect(tokenIn('0099001234')).toBeUndefined();
  expect([isPaymentCode('134567890123456789'), isPaymentCode('0099001234')]).toEqual([true, false]);
  expect([isCardNumber('0099001234'), isCardNumber('http://x')]).toEqual([true, false]);
});
