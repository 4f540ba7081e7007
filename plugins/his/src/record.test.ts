import { businessDay } from '@hospital-pay/payments';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCalendar, hisRecordInput, readRecord } from './record';

const zone = 'Asia/Shanghai';
const settledOn = (moment: Date) => businessDay(moment, { zone, dayCutoff: '00:00' });
const valid = {
  hisSerialNo: '428661561',
  kind: 'charge',
  amountFen: 50000,
  payType: 'wechat',
  orderNo: '1301178801201810190900081161779',
  occurredAt: '2018-10-19 09:00:26',
};
const calendar = createCalendar(zone, settledOn);
const read = (input: object) => readRecord(hisRecordInput.parse({ ...valid, ...input }), calendar);

describe('one HIS record', () => {
  test('a local time is read in the merchant’s zone, a time with offset as it says', () => {
    const moment = new Date('2018-10-19T01:00:26Z');
    expect(read({}).occurredAt).toEqual(moment);
    expect(read({ occurredAt: '2018-10-19T01:00:26Z' }).occurredAt).toEqual(moment);
    expect(read({ occurredAt: '2018-10-19T10:00:26+09:00' }).occurredAt).toEqual(moment);
  });

  test('it is booked on the business day of the merchant’s zone', () => {
    expect(read({ occurredAt: '2018-10-19T15:59:59Z' }).settledOn).toBe('2018-10-19');
    expect(read({ occurredAt: '2018-10-19T16:00:00Z' }).settledOn).toBe('2018-10-20');
  });

  test('a channel is recognised by the names a HIS gives it, anything else stays as it came', () => {
    expect(read({ payType: '微信' }).payType).toBe('wechat');
    expect(read({ payType: 'WeiXin' }).payType).toBe('wechat');
    expect(read({ payType: '支付宝' }).payType).toBe('alipay');
    expect(read({ payType: '医保' }).payType).toBe('医保');
  });

  test.each(['0', '000000', '-', '--', 'NULL', 'n/a', '无', ' '])(
    'a number told as “%s” is none',
    (nothing) => {
      const numbers = { orderNo: nothing, refundNo: nothing, channelTradeNo: nothing, hisOrderNo: nothing };
      expect(Object.values({ ...read(numbers) })).not.toContain(nothing);
    },
  );

  test('the same content has the same hash however it was written, other content another', () => {
    const { bodyHash } = read({});
    expect(read({ occurredAt: '2018-10-19T01:00:26Z', cardNo: '', status: 'booked' }).bodyHash).toBe(
      bodyHash,
    );
    expect(read({ amountFen: 50001 }).bodyHash).not.toBe(bodyHash);
    expect(read({ status: 'voided' }).bodyHash).not.toBe(bodyHash);
  });

  test.each([
    ['amount 0', { amountFen: 0 }],
    ['a negative amount', { amountFen: -1 }],
    ['a fraction of a fen', { amountFen: 0.5 }],
    ['an amount beyond 2^53−1', { amountFen: 2 ** 53 }],
    ['an amount as text', { amountFen: '100' }],
    ['a time without a zone and not local', { occurredAt: '2018-10-19T09:00:26' }],
    ['an unknown kind', { kind: 'gift' }],
    ['no serial number', { hisSerialNo: ' ' }],
    ['an unknown field', { amountYuan: '5.00' }],
    ['a share without the others', { fundFen: 50000 }],
    ['shares that do not add up', { fundFen: 1, accountFen: 0, otherFen: 0, cashFen: 49998 }],
  ])('%s is refused', (_, input) => {
    expect(hisRecordInput.safeParse({ ...valid, ...input }).success).toBe(false);
  });

  test('a time that does not exist is refused', () => {
    expect(() => read({ occurredAt: '2018-02-30 09:00:26' })).toThrow(RangeError);
    expect(() => read({ occurredAt: '2018-10-19T25:00:00Z' })).toThrow(RangeError);
  });

  test('who bore what of a mixed payment is kept', () => {
    const shares = { fundFen: 30_000, accountFen: 5_000, otherFen: 0, cashFen: 15_000 };
    expect(read(shares)).toMatchObject(shares);
  });

  test('every whole amount survives unchanged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (amountFen) => {
        expect(read({ amountFen }).amountFen).toBe(amountFen);
      }),
    );
  });
});
