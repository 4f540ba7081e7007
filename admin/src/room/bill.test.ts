import { expect, test } from 'vitest';
import { isSettled, type RoomLink } from './bill';

const link: RoomLink = {
  code: 'a',
  url: 'https://pay.example/pay/a',
  state: 'payable',
  hospital: '医院',
  subject: '处方',
  amountFen: 1,
  currency: 'CNY',
  patient: null,
  department: null,
  expiresAt: '2026-11-25T00:00:00Z',
  receipt: null,
};

test('the room looks on until the bill is paid and booked, or can no longer be paid', () => {
  for (const state of ['payable', 'paying', 'confirming'] as const)
    expect(isSettled({ ...link, state })).toBe(false);
  for (const state of ['expired', 'closed', 'refunded'] as const)
    expect(isSettled({ ...link, state })).toBe(true);
  const receipt = (hisState: string) => ({
    ...link,
    state: 'paid' as const,
    receipt: { hisState, receiptNo: null },
  });
  expect(isSettled(receipt('waiting'))).toBe(false);
  expect(isSettled(receipt('confirmed'))).toBe(true);
});
