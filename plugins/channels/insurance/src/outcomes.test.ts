import { formatAmount, type RefundRequest, type SettledClaim } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Reply } from './client';
import { readFee } from './fee';
import { Digits } from './json';
import { orderOutcome, quoteOutcome, refundOutcome, refundQueryOutcome } from './outcomes';

const now = new Date('2026-03-01T10:00:00+08:00');
const claim: SettledClaim = {
  claimNo: 'ORD1',
  token: 'T',
  split: { fundFen: 7_000, accountFen: 3_000, otherFen: 0, cashFen: 2_000 },
  details: {},
};
const expected = { attemptNo: 'A1', amount: 10_000, claim };
const told = {
  payOrdId: 'ORD1',
  payToken: 'T',
  medOrgOrd: 'A1',
  ordStas: '6',
  feeSumamt: '120.00',
  fundPay: '70.00',
  psnAcctPay: '30.00',
  ownPayAmt: '20.00',
  hiChrgTime: '20260301093000',
};
const says = (data: Record<string, unknown>, code = '0'): Reply => ({
  kind: 'signed',
  code,
  message: 'said',
  data,
});
const silent: Reply = { kind: 'none', code: 'TIMEOUT', cause: 'no answer' };
const order = (changes: Record<string, unknown> = {}) =>
  orderOutcome(says({ ...told, ...changes }), expected, now);

describe('a settlement', () => {
  test('is paid by what insurance bore, and says who bore it', () => {
    expect(order()).toEqual({
      kind: 'paid',
      amount: 10_000,
      currency: 'CNY',
      channelNo: 'ORD1',
      paidAt: new Date('2026-03-01T09:30:00+08:00'),
      split: claim.split,
    });
    expect(order({ feeSumamt: new Digits('120.00'), hiChrgTime: '2026-03-01 09:30:00' })).toEqual(order());
  });

  test.each([
    ['0', 'pending'],
    ['2', 'pending'],
    ['3', 'paid'],
    ['6', 'paid'],
    ['7', 'closed'],
    ['13', 'closed'],
    ['14', 'failed'],
    ['16', 'failed'],
    ['17', 'unknown'],
    ['-1', 'unknown'],
    ['', 'unknown'],
  ])('ordStas %s is %s', (ordStas, kind) => {
    expect(order({ ordStas }).kind).toBe(kind);
  });

  test('about another order, total or sum of shares is an integrity problem', () => {
    for (const changes of [
      { payOrdId: 'ORD2' },
      { medOrgOrd: 'A2' },
      { feeSumamt: '119.99' },
      { fundPay: '69.99' },
      { fundPay: '71.00', ownPayAmt: '19.00' },
      { othFeeAmt: '1.00', ownPayAmt: '19.00' },
      { feeSumamt: '121.00', ownPayAmt: '21.00' },
    ]) {
      expect(order(changes)).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
    }
  });

  test('another division between fund and account than quoted is paid, as it was settled', () => {
    expect(order({ fundPay: '60.00', psnAcctPay: '40.00' })).toMatchObject({
      kind: 'paid',
      split: { fundFen: 6_000, accountFen: 4_000 },
    });
  });

  test('that is refused, unanswered or unreadable stays unknown', () => {
    expect(orderOutcome(silent, expected, now)).toMatchObject({ kind: 'unknown', code: 'TIMEOUT' });
    expect(orderOutcome(says({}, '-1'), expected, now)).toMatchObject({ kind: 'unknown', code: '-1' });
    expect(order({ fundPay: 'many' })).toMatchObject({ kind: 'unknown', code: 'MALFORMED' });
    expect(order({ fundPay: '-70.00' })).toMatchObject({ kind: 'unknown' });
  });

  test('whose shares are altered by any amount is never paid with another sum', () => {
    const fen = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(fen, fen, fen, fen, (total, fund, account, own) => {
        const outcome = order({
          feeSumamt: formatAmount(total),
          fundPay: formatAmount(fund),
          psnAcctPay: formatAmount(account),
          ownPayAmt: formatAmount(own),
        });
        const isWhole = total === 12_000 && fund + account === 10_000 && own === 2_000;
        expect(outcome.kind).toBe(isWhole ? 'paid' : 'unknown');
      }),
      { numRuns: 300, examples: [[12_000, 7_000, 3_000, 2_000]] },
    );
  });
});

describe('a quote', () => {
  const quote = (changes: Record<string, unknown> = {}) =>
    quoteOutcome(says({ ...told, ordStas: '1', ...changes }), { totalFen: 12_000 });

  test('is a claim whose shares make the fee', () => {
    const { details: _, ...quoted } = claim;
    expect(quote()).toEqual({ kind: 'quoted', claim: quoted });
  });

  test('of another fee, or with shares that do not make it, is not believed', () => {
    expect(quote({ feeSumamt: '121.00', ownPayAmt: '21.00' })).toMatchObject({ code: 'INTEGRITY' });
    expect(quote({ ownPayAmt: '19.99' })).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });

  test('in which others bear a part is refused: it could not be given back', () => {
    expect(quote({ othFeeAmt: '5.00', ownPayAmt: '15.00' })).toMatchObject({
      kind: 'refused',
      code: 'OTHER_PART',
    });
  });
});

describe('a refund', () => {
  const refund: RefundRequest = {
    refundNo: 'R1',
    amount: 10_000,
    reason: '退费',
    payment: {
      attemptNo: 'A1',
      scene: 'native',
      amount: 10_000,
      currency: 'CNY',
      createdAt: now,
      claim,
    },
  };

  test.each([
    ['SUCC', 'refunded'],
    ['FAIL', 'failed'],
    ['EXP', 'unknown'],
    ['WHAT', 'unknown'],
  ])('answered %s is %s', (refStatus, kind) => {
    const outcome = refundOutcome(says({ payOrdId: 'ORD1', refStatus }), refund, expected, now);
    expect(outcome).toMatchObject({ kind });
  });

  test.each([
    ['11', 'refunded', undefined],
    ['6', 'unknown', 'REFUND_NOT_FOUND'],
    ['2', 'pending', undefined],
    ['15', 'unknown', 'INTEGRITY'],
  ])('asked about and answered ordStas %s is %s', (ordStas, kind, code) => {
    const outcome = refundQueryOutcome(says({ ...told, ordStas }), refund, expected, now);
    expect(outcome).toMatchObject({ kind, ...(code ? { code } : {}) });
  });
});

describe('what HIS says of a fee', () => {
  const fee = {
    payAuthNo: 'AUTH',
    mdtrtId: '1',
    psnNo: '2',
    insutype: '310',
    idNo: '44030019000101123X',
    userName: '某',
    idType: '01',
    medType: '11',
    feeType: '01',
    chrgBchno: '3',
    acctUsedFlag: '1',
    feedetailList: [{ feedetlSn: '1', detItemFeeSumamt: '0.10' }],
  };

  test('reads amounts as text or number, and names what is missing', () => {
    expect(readFee(fee).kind).toBe('fee');
    expect(readFee({ ...fee, feedetailList: [{ feedetlSn: '1', detItemFeeSumamt: 0.1 }] })).toMatchObject({
      fee: { feedetailList: [{ detItemFeeSumamt: 10 }] },
    });
    expect(readFee({ ...fee, psnNo: undefined })).toMatchObject({
      message: expect.stringContaining('psnNo'),
    });
    expect(readFee({ ...fee, ecToken: 'both' })).toMatchObject({
      message: expect.stringContaining('payAuthNo'),
    });
    expect(readFee({ ...fee, feedetailList: [{ feedetlSn: '1', detItemFeeSumamt: '0.001' }] }).kind).toBe(
      'wrong',
    );
  });
});
