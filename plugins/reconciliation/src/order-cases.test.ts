import { describe, expect, test } from '@jest/globals';
import { orderVerdicts } from './order-cases';
import type { HisEntry } from './order-state';

const platform = (paidFen: number, refundedFen = 0) => ({ paidFen, refundedFen, currency: 'CNY' });
const his = (kind: HisEntry['kind'], amountFen: number): HisEntry => ({ kind, amountFen, currency: 'CNY' });

describe('the cases of one order', () => {
  test('a payment that HIS lacks is one-sided once the grace period is over', () => {
    expect(orderVerdicts(platform(1999), [], true).payment).toEqual({ kind: 'wait' });
    expect(orderVerdicts(platform(1999), [], false).payment).toEqual({
      kind: 'differs',
      caseKind: 'platform_only',
      platformFen: 1999,
      hisFen: 0,
    });
  });

  test('a charge without a payment is one-sided the other way', () => {
    expect(orderVerdicts(platform(0), [his('charge', 50000)], false).payment).toMatchObject({
      caseKind: 'his_only',
      hisFen: 50000,
    });
  });

  test('a refund’s amounts are negative', () => {
    expect(orderVerdicts(platform(1000, 0), [his('charge', 1000), his('refund', 731)], false).refund).toEqual(
      {
        kind: 'differs',
        caseKind: 'his_only',
        platformFen: 0,
        hisFen: -731,
      },
    );
  });

  test('a payment that HIS lacks and that was given back in full is cured by the refund', () => {
    expect(orderVerdicts(platform(13000, 13000), [], false)).toEqual({
      payment: { kind: 'cured', refundedFen: 13000 },
      refund: { kind: 'cured', refundedFen: 13000 },
    });
  });

  test('giving back what HIS charged too little cures it too', () => {
    expect(orderVerdicts(platform(1000, 400), [his('charge', 600)], false).payment).toEqual({
      kind: 'cured',
      refundedFen: 400,
    });
  });

  test('a double booking that HIS took back itself is cured without a refund of ours', () => {
    const entries = [his('charge', 500), his('charge', 500), his('refund', 500)];
    expect(orderVerdicts(platform(500), entries, false).payment).toEqual({ kind: 'cured', refundedFen: 0 });
  });

  test('a refund that both sides know is no case', () => {
    const entries = [his('charge', 500), his('refund', 200)];
    expect(orderVerdicts(platform(500, 200), entries, false)).toEqual({
      payment: { kind: 'agrees' },
      refund: { kind: 'agrees' },
    });
  });

  test('a charge booked twice is a duplicate', () => {
    expect(
      orderVerdicts(platform(500), [his('charge', 500), his('charge', 500)], true).payment,
    ).toMatchObject({
      caseKind: 'duplicate',
    });
  });
});
