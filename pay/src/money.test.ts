import { expect, test } from 'vitest';
import { fenText } from './money';

test('fen are shown as yuan, to the last one', () => {
  expect([0, 1, 10, 100, 1999, 123456, 100000000, -705].map(fenText)).toEqual([
    '0.00',
    '0.01',
    '0.10',
    '1.00',
    '19.99',
    '1,234.56',
    '1,000,000.00',
    '-7.05',
  ]);
});
