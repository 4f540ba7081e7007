import { expect, test } from 'vitest';
import { fenText, moneyText } from './money';

test('fen are shown as yuan, to the last one', () => {
  expect([0, 1, 10, 100, 1999, 123456, 100000000, -705].map((fen) => fenText(fen))).toEqual([
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

test('a currency without a minor unit has no decimals', () => {
  expect([
    moneyText(12345, 'JPY'),
    moneyText(5, 'JPY'),
    moneyText(12345, 'CNY'),
    moneyText(12345, 'THB'),
  ]).toEqual(['¥12,345', '¥5', '¥123.45', '฿123.45']);
});
