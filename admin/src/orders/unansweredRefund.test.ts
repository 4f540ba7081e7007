import { beforeEach, describe, expect, test } from 'vitest';
import { Failure, unreachable } from '../http/failure';
import { sendRefund, unansweredRefund } from './unansweredRefund';

const asked = { amountFen: 600, reason: '金额收错' };
const failing = (failure: Failure) => () => Promise.reject(failure);
const refused = (status: number, code = 'REFUSED') => new Failure(status, code, '拒绝', 'Refused');
const answered = (body: unknown) => Promise.resolve(body);

beforeEach(() => sessionStorage.clear());

describe('a refund without an answer', () => {
  test.each([unreachable(), refused(500), refused(504), refused(408), refused(409, 'ORDER_BUSY')])(
    'is sent again under its number, whatever is asked by then: $statusCode $code',
    async (failure) => {
      await expect(sendRefund('O1', asked, failing(failure))).rejects.toBe(failure);
      const kept = unansweredRefund('O1');
      expect(kept).toEqual({ ...asked, merchantRefundNo: expect.stringMatching(/^R\d+$/) });
      expect(unansweredRefund('O2')).toBeUndefined();

      const again = await sendRefund('O1', { amountFen: 100, reason: '其他原因' }, answered);
      expect(again).toEqual(kept);
      expect(unansweredRefund('O1')).toBeUndefined();
    },
  );

  test('is over when the platform refuses it', async () => {
    await expect(sendRefund('O1', asked, failing(refused(409)))).rejects.toThrow();
    expect(unansweredRefund('O1')).toBeUndefined();
  });

  test('is not over when the next is turned away at the door', async () => {
    await expect(sendRefund('O1', asked, failing(unreachable()))).rejects.toThrow();
    const kept = unansweredRefund('O1');
    for (const status of [401, 403, 429])
      await expect(sendRefund('O1', asked, failing(refused(status)))).rejects.toThrow();
    expect(unansweredRefund('O1')).toEqual(kept);
    await expect(sendRefund('O1', asked, failing(refused(422)))).rejects.toThrow();
    expect(unansweredRefund('O1')).toBeUndefined();
  });

  test('is none when what is kept cannot be read', () => {
    sessionStorage.setItem('hospital-pay.refund.O1', '{');
    expect(unansweredRefund('O1')).toBeUndefined();
  });
});
