import type { Outcome, PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { explanations } from './explanations';
import type { Reply, ReplyBody } from './gateway';
import {
  cancelOutcome,
  closeOutcome,
  createOutcome,
  micropayOutcome,
  precreateOutcome,
  queryOutcome,
  refundOutcome,
  refundQueryOutcome,
} from './outcomes';

const now = new Date('2026-11-20T03:00:00Z');
const asked: PaymentReference = {
  attemptNo: 'A0001',
  scene: 'micropay',
  amount: 1999,
  currency: 'CNY',
  createdAt: new Date('2026-11-20T02:59:30Z'),
};
const native: PaymentReference = { ...asked, scene: 'native' };
const refund: RefundRequest = { refundNo: 'R0001', amount: 500, reason: '退号', payment: asked };

const signed = (body: Partial<ReplyBody> & { code: string }): Reply => ({
  kind: 'signed',
  body: body as ReplyBody,
});
const no = (sub_code: string): Reply =>
  signed({ code: '40004', msg: 'Business Failed', sub_code, sub_msg: '说明' });
const trade = { out_trade_no: 'A0001', trade_no: '2026112022001400001', total_amount: '19.99' };
const paidReply = signed({
  code: '10000',
  ...trade,
  gmt_payment: '2026-11-20 10:59:40',
  buyer_logon_id: '138****0001',
});
const paid: Outcome = {
  kind: 'paid',
  amount: 1999,
  currency: 'CNY',
  channelNo: '2026112022001400001',
  paidAt: new Date('2026-11-20T02:59:40Z'),
  payer: '138****0001',
};

/** Every verb, asked with one reply. */
const verbs: Record<string, (reply: Reply) => Outcome> = {
  micropay: (reply) => micropayOutcome(reply, asked),
  precreate: (reply) => precreateOutcome(reply, native),
  create: (reply) => createOutcome(reply, asked),
  query: (reply) => queryOutcome(reply, asked, now),
  close: (reply) => closeOutcome(reply, native),
  cancel: (reply) => cancelOutcome(reply, asked),
  refund: (reply) => refundOutcome(reply, refund, now),
  'refund query': (reply) => refundQueryOutcome(reply, refund, now),
};

describe.each(Object.entries(verbs))('%s', (_, verb) => {
  test.each<[string, Reply]>([
    ['no answer in time', { kind: 'none', code: 'TIMEOUT', cause: 'no answer' }],
    ['a reset', { kind: 'none', code: 'NETWORK', cause: 'ECONNRESET' }],
    ['HTTP 502', { kind: 'none', code: 'HTTP_502', cause: 'HTTP 502' }],
    ['garbage', { kind: 'none', code: 'MALFORMED', cause: 'not a reply' }],
    ['a bad signature', { kind: 'none', code: 'BAD_SIGNATURE', cause: 'does not verify' }],
    ['an unsigned error', { kind: 'unsigned', code: 'isv.invalid-app-id', message: '无效' }],
    ['an unsigned success', { kind: 'unsigned', code: '10000', message: 'Success' }],
    ['ACQ.SYSTEM_ERROR', no('ACQ.SYSTEM_ERROR')],
    ['AQC.SYSTEM_ERROR as Alipay misspells it', no('AQC.SYSTEM_ERROR')],
    ['aop.ACQ.SYSTEM_ERROR', signed({ code: '20000', sub_code: 'aop.ACQ.SYSTEM_ERROR' })],
    ['isp.unknow-error', signed({ code: '20000', sub_code: 'isp.unknow-error' })],
    ['20000 without a sub code', signed({ code: '20000' })],
  ])('does not know after %s', (_case, reply) => {
    expect(verb(reply).kind).toBe('unknown');
  });

  test('takes an answer about another order for an alarm', () => {
    const reply = signed({
      code: '10000',
      ...trade,
      out_trade_no: 'A0002',
      fund_change: 'Y',
      refund_fee: '5.00',
    });
    expect(verb(reply)).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });

  test('never calls money taken or given back what is not 10000 and signed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('10003', '20000', '20001', '40001', '40002', '40003', '40004', '40005', '40006'),
        fc.constantFrom(undefined, ...Object.keys(explanations)),
        fc.constantFrom('TRADE_SUCCESS', 'TRADE_CLOSED', undefined),
        (code, sub_code, trade_status) => {
          const outcome = verb(
            signed({
              code,
              ...trade,
              sub_code,
              trade_status,
              gmt_payment: '2026-11-20 10:59:40',
              fund_change: 'Y',
              refund_fee: '5.00',
              refund_status: 'REFUND_SUCCESS',
              refund_amount: '5.00',
            }),
          );
          expect(['paid', 'refunded']).not.toContain(outcome.kind);
        },
      ),
    );
  });
});

describe('a payment code that was scanned', () => {
  test('is paid on 10000', () => expect(verbs.micropay?.(paidReply)).toEqual(paid));

  test('is not yet paid on 10000 without a time of payment, which may be rolled back', () => {
    expect(micropayOutcome(signed({ code: '10000', ...trade }), asked)).toMatchObject({
      kind: 'unknown',
      code: 'NOT_CONFIRMED',
    });
  });

  test('is pending on 10003', () => {
    expect(micropayOutcome(signed({ code: '10003', ...trade }), asked)).toEqual({
      kind: 'pending',
      channelNo: trade.trade_no,
    });
  });

  test.each(['19.98', '20.00', '1999', 'abc', '-19.99'])(
    'raises the alarm when %s was taken instead of 19.99',
    (total_amount) => {
      const reply = signed({ code: '10000', ...trade, total_amount, gmt_payment: '2026-11-20 10:59:40' });
      expect(micropayOutcome(reply, asked)).toMatchObject({
        kind: 'unknown',
        code: 'INTEGRITY',
        cause: expect.stringContaining('amount mismatch'),
      });
    },
  );

  test.each([
    'ACQ.PAYMENT_AUTH_CODE_INVALID',
    'ACQ.TRADE_HAS_CLOSE',
    'ACQ.BUYER_BALANCE_NOT_ENOUGH',
    'ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH',
    'ACQ.ERROR_BALANCE_PAYMENT_DISABLE',
    'ACQ.PULL_MOBILE_CASHIER_FAIL',
    'ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE',
    'ACQ.MOBILE_PAYMENT_SWITCH_OFF',
    'ACQ.USER_FACE_PAYMENT_SWITCH_OFF',
    'ACQ.BUYER_ENABLE_STATUS_FORBID',
    'ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
    'ACQ.TOTAL_FEE_EXCEED',
    'ACQ.INVALID_PARAMETER',
    'ACQ.EXIST_FORBIDDEN_WORD',
    'ACQ.BUYER_SELLER_EQUAL',
    'ACQ.TRADE_BUYER_NOT_MATCH',
    'ACQ.ACCESS_FORBIDDEN',
    'ACQ.PARTNER_ERROR',
    'ACQ.SELLER_BEEN_BLOCKED',
    'ACQ.MERCHANT_STATUS_NOT_NORMAL',
    'ACQ.PAYMENT_REQUEST_HAS_RISK',
  ])('has failed on %s, which is explained with an advice', (code) => {
    expect(micropayOutcome(no(code), asked)).toEqual({ kind: 'failed', code, message: '说明' });
    expect(explanations[code]).toMatchObject({ zh: expect.any(String), advice: { zh: expect.any(String) } });
  });

  test.each([
    ['ACQ.TRADE_HAS_SUCCESS', 'our own first sending may have been taken'],
    ['ACQ.CONTEXT_INCONSISTENT', 'something exists under our number'],
    ['ACQ.APPLY_PC_MERCHANT_CODE_ERROR', 'a QR exists under our number'],
  ])('is asked about on %s: %s', (code) => {
    expect(micropayOutcome(no(code), asked)).toMatchObject({ kind: 'unknown', code });
    expect(precreateOutcome(no(code), native)).toMatchObject({ kind: 'unknown', code });
  });

  test.each([
    ['40001', 'isv.missing-method'],
    ['40002', 'isv.invalid-timestamp'],
    ['40006', 'isv.insufficient-isv-permissions'],
    ['40005', 'isv.app-call-limited'],
    ['20001', 'aop.invalid-app-auth-token'],
  ])('has failed on a signed %s %s', (code, sub_code) =>
    expect(micropayOutcome(signed({ code, sub_code }), asked)).toMatchObject({
      kind: 'failed',
      code: sub_code,
    }),
  );
});

describe('asking for a QR or a trade', () => {
  test('gives the QR text', () => {
    expect(
      precreateOutcome(
        signed({ code: '10000', out_trade_no: 'A0001', qr_code: 'https://qr.alipay.com/bax1' }),
        native,
      ),
    ).toEqual({
      kind: 'pending',
      payerAction: { kind: 'qr', text: 'https://qr.alipay.com/bax1' },
    });
  });
  test('without a QR text in the answer is unknown', () => {
    expect(precreateOutcome(signed({ code: '10000', out_trade_no: 'A0001' }), native).kind).toBe('unknown');
  });
  test('gives the trade number to the mini program', () => {
    expect(createOutcome(signed({ code: '10000', out_trade_no: 'A0001', trade_no: '2026' }), asked)).toEqual({
      kind: 'pending',
      channelNo: '2026',
      payerAction: { kind: 'client', parameters: { tradeNO: '2026' } },
    });
  });
});

describe('a query', () => {
  const answered = (fields: Partial<ReplyBody>, of = asked) =>
    queryOutcome(signed({ code: '10000', ...trade, ...fields }), of, now);

  test.each(['TRADE_SUCCESS', 'TRADE_FINISHED'])('finds %s paid', (trade_status) => {
    expect(
      answered({ trade_status, send_pay_date: '2026-11-20 10:59:40', buyer_logon_id: '138****0001' }),
    ).toEqual(paid);
  });
  test('finds WAIT_BUYER_PAY pending', () => {
    expect(answered({ trade_status: 'WAIT_BUYER_PAY' })).toEqual({
      kind: 'pending',
      channelNo: trade.trade_no,
    });
  });
  test('finds TRADE_CLOSED without a time of payment closed unpaid', () => {
    expect(answered({ trade_status: 'TRADE_CLOSED' })).toEqual({ kind: 'closed', reversed: false });
  });
  test('finds TRADE_CLOSED with a time of payment given back, not never paid', () => {
    expect(answered({ trade_status: 'TRADE_CLOSED', send_pay_date: '2026-11-20 10:59:40' })).toEqual({
      kind: 'closed',
      reversed: true,
    });
  });
  test('does not know a status it has never heard of', () => {
    expect(answered({ trade_status: 'TRADE_MAGIC' }).kind).toBe('unknown');
  });
  test('raises the alarm on another amount', () => {
    expect(answered({ trade_status: 'TRADE_SUCCESS', total_amount: '0.01' })).toMatchObject({
      code: 'INTEGRITY',
    });
  });
  test('does not take a paid answer without an amount', () => {
    expect(answered({ trade_status: 'TRADE_SUCCESS', total_amount: undefined }).kind).toBe('unknown');
  });
  test.each(['native', 'jsapi', 'h5', 'app'] as const)(
    'finds no trade before the payer comes (%s): pending, not failed',
    (scene) => {
      expect(queryOutcome(no('ACQ.TRADE_NOT_EXIST'), { ...asked, scene }, now)).toEqual({ kind: 'pending' });
    },
  );
  test('of a payment code that Alipay has not heard of yet is unknown', () => {
    expect(queryOutcome(no('ACQ.TRADE_NOT_EXIST'), asked, now)).toMatchObject({
      kind: 'unknown',
      code: 'ACQ.TRADE_NOT_EXIST',
    });
  });
  test('of a payment code that never arrived and can no longer be used is closed', () => {
    const later = new Date(now.getTime() + 11 * 60_000);
    expect(queryOutcome(no('ACQ.TRADE_NOT_EXIST'), asked, later)).toEqual({
      kind: 'closed',
      reversed: false,
    });
  });
  test('that is refused says nothing about the payment', () => {
    expect(queryOutcome(signed({ code: '40005', sub_code: 'isv.app-call-limited' }), asked, now).kind).toBe(
      'unknown',
    );
    expect(queryOutcome(no('ACQ.INVALID_PARAMETER'), asked, now).kind).toBe('unknown');
  });
});

describe('closing', () => {
  test('closes', () =>
    expect(closeOutcome(signed({ code: '10000', out_trade_no: 'A0001', trade_no: '1' }), native)).toEqual({
      kind: 'closed',
      reversed: false,
    }));
  test('what was never scanned is closed', () =>
    expect(closeOutcome(no('ACQ.TRADE_NOT_EXIST'), native)).toEqual({ kind: 'closed', reversed: false }));
  test.each(['ACQ.TRADE_STATUS_ERROR', 'ACQ.REASON_TRADE_STATUS_INVALID', 'ACQ.REASON_ILLEGAL_STATUS'])(
    'on %s may be paid and is asked about',
    (code) => {
      expect(closeOutcome(no(code), native)).toMatchObject({ kind: 'unknown', code });
    },
  );
});

describe('cancelling', () => {
  const answered = (fields: Partial<ReplyBody>) =>
    cancelOutcome(signed({ code: '10000', out_trade_no: 'A0001', ...fields }), asked);
  test.each<[string, Partial<ReplyBody>, Outcome]>([
    ['an unpaid trade', { retry_flag: 'N', action: 'close' }, { kind: 'closed', reversed: false }],
    ['a paid trade', { retry_flag: 'N', action: 'refund' }, { kind: 'closed', reversed: true }],
    ['a trade that is not there', { retry_flag: 'N' }, { kind: 'closed', reversed: false }],
  ])('%s', (_, fields, outcome) => expect(answered(fields)).toEqual(outcome));
  test('with retry_flag=Y is not done, whatever the action', () => {
    expect(answered({ retry_flag: 'Y', action: 'refund' })).toMatchObject({
      kind: 'unknown',
      code: 'RETRY_CANCEL',
    });
  });
  test.each([
    'ACQ.TRADE_CANCEL_TIME_OUT',
    'ACQ.TRADE_HAS_FINISHED',
    'ACQ.CANCEL_NOT_ALLOWED',
    'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    'ACQ.REASON_TRADE_BEEN_FREEZEN',
    'ACQ.REASON_TRADE_REFUND_FEE_ERR',
  ])('is refused for good on %s', (code) => {
    expect(cancelOutcome(no(code), asked)).toMatchObject({ kind: 'failed', code });
    expect(explanations[code]).toBeDefined();
  });
});

test('cancelling too often is no refusal of the cancellation', () => {
  expect(cancelOutcome(signed({ code: '40005', sub_code: 'isv.app-call-limited' }), asked).kind).toBe(
    'unknown',
  );
});

describe('refunding', () => {
  const answered = (fields: Partial<ReplyBody>) =>
    refundOutcome(
      signed({ code: '10000', out_trade_no: 'A0001', trade_no: trade.trade_no, ...fields }),
      refund,
      now,
    );

  test('is done on fund_change=Y', () => {
    expect(answered({ fund_change: 'Y', refund_fee: '5.00', gmt_refund_pay: '2026-11-20 11:00:00' })).toEqual(
      {
        kind: 'refunded',
        amount: 500,
        currency: 'CNY',
        channelNo: trade.trade_no,
        refundedAt: now,
      },
    );
  });
  test('reads refund_fee as all that was refunded, not as this refund', () => {
    expect(answered({ fund_change: 'Y', refund_fee: '15.00' })).toMatchObject({
      kind: 'refunded',
      amount: 500,
    });
  });
  test.each(['4.99', '20.00'])('raises the alarm when %s was refunded altogether', (refund_fee) => {
    expect(answered({ fund_change: 'Y', refund_fee })).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });
  test.each([{ fund_change: 'N', refund_fee: '5.00' }, { refund_fee: '5.00' }, {}])(
    'is asked about on %j, which a repeat is answered with, too',
    (fields) => {
      expect(answered(fields).kind).toBe('pending');
    },
  );
  test('of another amount under the same number is an alarm', () => {
    expect(refundOutcome(no('ACQ.DISCORDANT_REPEAT_REQUEST'), refund, now)).toMatchObject({
      kind: 'unknown',
      code: 'INTEGRITY',
    });
  });
  test('that comes too fast is tried again', () => {
    expect(
      refundOutcome(signed({ code: '40005', sub_code: 'isv.method-call-limited' }), refund, now).kind,
    ).toBe('unknown');
  });
  test.each([
    'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL',
    'ACQ.REASON_TRADE_REFUND_FEE_ERR',
    'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    'ACQ.TRADE_HAS_FINISHED',
    'ACQ.TRADE_NOT_ALLOW_REFUND',
    'ACQ.NOT_ALLOW_PARTIAL_REFUND',
    'ACQ.TRADE_STATUS_ERROR',
    'ACQ.TRADE_HAS_CLOSE',
    'ACQ.TRADE_NOT_EXIST',
    'ACQ.REASON_TRADE_BEEN_FREEZEN',
    'ACQ.REFUND_CHARGE_ERROR',
  ])('has failed on %s, which is explained with an advice', (code) => {
    expect(refundOutcome(no(code), refund, now)).toMatchObject({ kind: 'failed', code });
    expect(explanations[code]?.advice).toBeDefined();
  });
});

describe('asking about a refund', () => {
  const answered = (fields: Partial<ReplyBody>) =>
    refundQueryOutcome(signed({ code: '10000', ...fields }), refund, now);
  test('finds it done', () => {
    expect(
      answered({
        ...trade,
        refund_status: 'REFUND_SUCCESS',
        refund_amount: '5.00',
        out_request_no: 'R0001',
        gmt_refund_pay: '2026-11-20 10:30:00',
      }),
    ).toEqual({
      kind: 'refunded',
      amount: 500,
      currency: 'CNY',
      channelNo: trade.trade_no,
      refundedAt: new Date('2026-11-20T02:30:00Z'),
    });
  });
  test('without a status does not know: not received, failed, or another number', () => {
    expect(answered({})).toMatchObject({ kind: 'unknown', code: 'REFUND_NOT_FOUND' });
    expect(answered({ ...trade, refund_amount: '5.00' })).toMatchObject({
      kind: 'unknown',
      code: 'REFUND_NOT_FOUND',
    });
  });
  test('with another amount raises the alarm', () => {
    expect(answered({ ...trade, refund_status: 'REFUND_SUCCESS', refund_amount: '19.99' })).toMatchObject({
      code: 'INTEGRITY',
    });
  });
  test('about another refund raises the alarm', () => {
    expect(
      answered({ ...trade, refund_status: 'REFUND_SUCCESS', refund_amount: '5.00', out_request_no: 'R0002' }),
    ).toMatchObject({ code: 'INTEGRITY' });
  });
  test('that is refused says nothing about the refund', () => {
    expect(refundQueryOutcome(no('ACQ.TRADE_NOT_EXIST'), refund, now).kind).toBe('unknown');
  });
});

test('every code is explained in both languages, with what to do next', () => {
  for (const explanation of Object.values(explanations)) {
    expect(explanation).toEqual({
      zh: expect.stringMatching(/\p{Script=Han}/u),
      en: expect.stringMatching(/\w/),
      advice: { zh: expect.any(String), en: expect.any(String) },
    });
  }
});
