import { formatAmount } from '@hospital-pay/payments';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { askedLine } from './asked';
import { cellOf, textOf, type Wording, wallClock, yuan } from './cells';
import { csvLine } from './csv';
import type { Field } from './report';

const wording: Wording = {
  language: 'zh',
  merchantName: (code) => (code === 'H001' ? '测试医院' : code),
  channelName: (code) => (code === 'wechat' ? '微信' : code),
  nameOf: ({ type }, code) => (type === 'role' && code === 'finance' ? '财务' : code),
  zoneOf: (code) => (code === 'T001' ? 'Asia/Tokyo' : 'Asia/Shanghai'),
};
const english: Wording = { ...wording, language: 'en' };
const field = (kind: Field['kind'], options?: Field['options']): Field => ({
  name: 'value',
  kind,
  title: { zh: '下单时间', en: 'Created' },
  ...(options ? { options } : {}),
});
const cell = (kind: Field['kind'], value: unknown) => cellOf(field(kind), { value }, wording);
const text = (kind: Field['kind'], value: unknown) => textOf(field(kind), { value }, wording);

test('fen become the number whose two decimals Excel shows exactly', () => {
  expect(cell('money', 1999)).toBe(19.99);
  expect(cell('money', '5287401153')).toBe(52874011.53);
  expect(cell('money', -2034790)).toBe(-20347.9);
  expect(text('money', '-731')).toBe('-7.31');
  fc.assert(
    fc.property(fc.integer({ min: -99_999_999_999_999, max: 99_999_999_999_999 }), (fen) => {
      expect(Math.round(yuan(fen) * 100)).toBe(fen);
      expect(yuan(fen).toFixed(2)).toBe(formatAmount(fen));
    }),
  );
});

test('a row in yen has no decimals, a row in yuan has two', () => {
  const amount = field('money');
  fc.assert(
    fc.property(fc.integer({ min: -99_999_999_999_999, max: 99_999_999_999_999 }), (yen) => {
      const row = { value: yen, currency: 'JPY' };
      expect(cellOf(amount, row, wording)).toBe(yen);
      expect(textOf(amount, row, wording)).toBe(String(yen));
    }),
  );
  expect(textOf(amount, { value: 1999, currency: 'CNY' }, wording)).toBe('19.99');
});

test('moments read as the clock on the wall of the merchant', () => {
  const at = '2018-10-18T13:42:33.000Z';
  const shown = (merchantCode?: string) =>
    textOf(field('datetime'), { value: at, ...(merchantCode ? { merchantCode } : {}) }, wording);
  expect(shown()).toBe('2018-10-18 21:42:33');
  expect(shown('T001')).toBe('2018-10-18 22:42:33');
  expect(cell('datetime', at)).toEqual(new Date('2018-10-18T21:42:33.000Z'));
  expect(cell('datetime', Date.parse(at))).toEqual(new Date('2018-10-18T21:42:33.000Z'));
});

test('clocks that are turned in the middle of a day are followed', () => {
  const read = (moment: string) => wallClock(new Date(moment), 'Europe/Berlin').toISOString().slice(11, 16);
  expect(read('2026-03-29T00:59:59Z')).toBe('01:59');
  expect(read('2026-03-29T01:00:00Z')).toBe('03:00');
  expect(read('2026-10-25T01:00:00Z')).toBe('02:00');
});

test('numbers of orders and cards stay text, and so does what looks like a formula', () => {
  expect(cell('string', '1301178801201810182143077001754')).toBe('1301178801201810182143077001754');
  expect(cell('string', '0003276083')).toBe('0003276083');
  expect(cell('text', '=1+1')).toBe('=1+1');
});

test.each(['=HYPERLINK("http://x")', '+1', '-1+2', '@SUM(A1)', '\t=1'])(
  'CSV does not let a spreadsheet take %j for a formula',
  (value) => {
    expect(text('string', value)).toBe(`'${value}`);
  },
);

test('codes are told by their names in the language of the export', () => {
  const status = field('enum', [{ value: 'paid', zh: '已支付', en: 'Paid' }]);
  expect(cellOf(status, { value: 'paid' }, wording)).toBe('已支付');
  expect(cellOf(status, { value: 'paid' }, english)).toBe('Paid');
  expect(cell('channel', 'wechat')).toBe('微信');
  expect(cell('merchant', 'H001')).toBe('测试医院');
  expect(cell('boolean', 1)).toBe('是');
  expect(cell('anomalies', ['charge_differs', 'refund_differs'])).toBe('收费金额不一样; 退费金额不一样');
  expect(cell('enum', null)).toBeNull();
});

test('rows that are kept by their code are told by their name, several as on the screen', () => {
  const roles: Field = {
    ...field('json'),
    names: { type: 'role', endpoint: '/api/roles', code: 'code', name: 'name' },
  };
  expect(cellOf(roles, { value: ['finance', 'ops'] }, wording)).toBe('财务、ops');
  expect(textOf(roles, { value: 'finance,ops' }, english)).toBe('财务, ops');
});

test('who reads English gets the English of a text where there is one', () => {
  const row = { value: '对账失败', valueEn: 'Reconciliation failed' };
  expect(cellOf(field('string'), row, wording)).toBe('对账失败');
  expect(cellOf(field('string'), row, english)).toBe('Reconciliation failed');
  expect(textOf(field('string'), { value: '对账失败', valueEn: null }, english)).toBe('对账失败');
});

test('a text longer than a cell of Excel is cut, and says so', () => {
  const shown = String(cell('text', 'x'.repeat(40_000)));
  expect(shown).toHaveLength(32_767);
  expect(shown.endsWith('…')).toBe(true);
});

test('CSV quotes commas, quotes and line breaks', () => {
  expect(csvLine(['a,b', 'say "x"', 'two\nlines', 'plain'])).toBe('"a,b","say ""x""","two\nlines",plain\r\n');
});

test('filters are told as the screen asked them', () => {
  const told = (asked: Field, value: unknown) => askedLine({ field: asked, value }, wording)[1];
  const days = { $gte: '2018-10-17T16:00:00.000Z', $lt: '2018-10-19T16:00:00.000Z' };
  expect(askedLine({ field: field('datetime'), value: days }, wording)).toEqual([
    '下单时间',
    '2018-10-18 ~ 2018-10-19',
  ]);
  expect(told(field('datetime'), { $gte: '2018-10-17T16:00:00.000Z' })).toBe('自 2018-10-18 00:00:00');
  expect(told(field('day'), { $gte: '2018-10-18', $lte: '2018-10-19' })).toBe('2018-10-18 ~ 2018-10-19');
  expect(told(field('money'), { $gte: '-731' })).toBe('自 -7.31');
  expect(told(field('channel'), { $in: ['wechat', 'alipay'] })).toBe('微信, alipay');
  expect(told(field('string'), { $containsi: '王' })).toBe('包含 王');
});
