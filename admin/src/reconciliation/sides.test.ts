import { describe, expect, test } from 'vitest';
import { hisSide, platformSide, totalOf } from './sides';

describe('the two sides of an entry', () => {
  test('HIS booked, the platform has nothing: one side is empty', () => {
    const facts = {
      order: null,
      refunds: [],
      billLines: [],
      hisRecords: [{ kind: 'charge', amountFen: '50000', status: 'booked', hisSerialNo: '428661561' }],
    };
    expect(platformSide(facts)).toEqual([]);
    expect(totalOf(hisSide(facts)) - totalOf(platformSide(facts))).toBe(50000n);
  });

  test('a refund is negative whatever sign it is stored with', () => {
    const records = [
      { kind: 'refund', amountFen: '731', status: 'booked' },
      { kind: 'refund', amountFen: '-731', status: 'booked' },
    ];
    expect(hisSide({ hisRecords: records }).map(({ fen }) => fen)).toEqual([-731n, -731n]);
  });

  test('what was voided, never paid or not refunded does not count, and is shown', () => {
    expect(totalOf(hisSide({ hisRecords: [{ kind: 'charge', amountFen: '100', status: 'voided' }] }))).toBe(
      0n,
    );
    const facts = {
      order: { orderNo: '1', status: 'paid', amountFen: '2000', paidFen: '2000' },
      refunds: [
        { refundNo: 'r1', amountFen: '500', status: 'succeeded' },
        { refundNo: 'r2', amountFen: '300', status: 'failed' },
      ],
      billLines: [],
    };
    expect(platformSide(facts)).toHaveLength(3);
    expect(totalOf(platformSide(facts))).toBe(1500n);
    expect(
      totalOf(platformSide({ ...facts, order: { ...facts.order, status: 'closed' }, refunds: [] })),
    ).toBe(0n);
  });
});
