import { expect, test } from '@jest/globals';
import { remarkOf } from './cases';
import { englishRemark, withAmounts, withDays } from './remarks';
import { parts } from './shares';

const kinds = [
  'his_only',
  'platform_only',
  'channel_only',
  'amount',
  'fee',
  'status',
  'currency',
  'duplicate',
  'in_transit',
  'split',
] as const;

test('every remark that a case can have is said in English, with its part, its amounts and its days', () => {
  for (const leg of ['his', 'channel'] as const) {
    for (const kind of kinds) {
      for (const part of [null, ...parts]) {
        const remark = remarkOf(leg, kind, part);
        for (const told of [remark, withAmounts(remark, '0.12', '-0.13'), withDays(remark, ['2026-10-19'])])
          expect(englishRemark(told)).toMatch(/^[^\p{Script=Han}]+$/u);
      }
    }
  }
});

test('amounts and days of a remark stand in its English', () => {
  expect(englishRemark(withAmounts(remarkOf('channel', 'fee'), '0.12', '0.13'))).toBe(
    'Fee is not as agreed: 0.12 expected, 0.13 found',
  );
  expect(englishRemark(withDays(remarkOf('his', 'in_transit'), ['2026-10-18', '2026-10-19']))).toBe(
    'In transit between days: the other side has it on 2026-10-18, 2026-10-19',
  );
  expect(englishRemark(remarkOf('his', 'amount', 'fund'))).toBe('Insurance fund: Amount differs from HIS');
});

test('what somebody else wrote has no English of ours', () => {
  for (const remark of ['', '已与信息科核对', '医保基金: 请联系张三', '单边账: 待查', 'constructor'])
    expect(englishRemark(remark)).toBeUndefined();
});
