import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config';
import { readNotification } from './notification';
import { createSigner } from './signing';
import { alipay, app, canonical, notification, pem, rsa2, sha256 } from './testing/gateway-server';

const appId = '2021000000000001';
const sellerId = '2088021109625633';
const signer = createSigner(
  readConfig({ appId, mode: 'key', privateKey: pem.privateKey, alipayPublicKey: pem.alipayPublicKey }),
);
const guard = { appId, sellerId, verifies: signer.notificationVerifies };
const read = (body: Buffer, by = guard) => readNotification({ headers: {}, body }, by);

const fields: Record<string, string> = {
  notify_time: '2026-11-20 10:00:05',
  notify_type: 'trade_status_sync',
  notify_id: '2026112000222100001',
  app_id: appId,
  auth_app_id: appId,
  charset: 'utf-8',
  version: '1.0',
  trade_no: '2026112022001400001',
  out_trade_no: 'A0001',
  seller_id: sellerId,
  trade_status: 'TRADE_SUCCESS',
  total_amount: '19.99',
  receipt_amount: '19.99',
  subject: '挂号费 100% a+b',
  buyer_logon_id: '138****0001',
  gmt_create: '2026-11-20 10:00:00',
  gmt_payment: '2026-11-20 10:00:04',
  fund_bill_list: '[{"amount":"19.99","fundChannel":"ALIPAYACCOUNT"}]',
};

describe('a notification of a payment', () => {
  test('is verified, read, and acknowledged with exactly the seven bytes', () => {
    expect(read(notification(fields))).toEqual({
      kind: 'event',
      notificationId: '2026112000222100001',
      event: {
        kind: 'payment',
        attemptNo: 'A0001',
        outcome: {
          kind: 'paid',
          amount: 1999,
          currency: 'CNY',
          channelNo: '2026112022001400001',
          paidAt: new Date('2026-11-20T02:00:04Z'),
          payer: '138****0001',
        },
      },
      accepted: { status: 200, contentType: 'text/plain', body: 'success' },
      retry: { status: 500, contentType: 'text/plain', body: 'failure' },
    });
  });

  test('has the same id on every retry', () => {
    const again = { ...fields, notify_time: '2026-11-20 10:04:05' };
    const ids = [fields, again]
      .map((each) => read(notification(each)))
      .map((reading) => reading.kind === 'event' && reading.notificationId);
    expect(ids[0]).toBe(ids[1]);
  });

  test('with an empty field that the signature leaves out still verifies', () => {
    expect(read(notification({ ...fields, body: '' })).kind).toBe('event');
  });

  test.each([
    ['TRADE_FINISHED', fields, { kind: 'paid', amount: 1999 }],
    ['WAIT_BUYER_PAY', fields, { kind: 'pending' }],
    ['TRADE_CLOSED', { ...fields, gmt_payment: '' }, { kind: 'closed', reversed: false }],
    ['TRADE_CLOSED', fields, { kind: 'closed', reversed: true }],
  ])('of %s is read as such', (status, given, outcome) => {
    expect(read(notification({ ...given, trade_status: status }))).toMatchObject({
      event: { kind: 'payment', outcome },
    });
  });
});

describe('a notification of a refund', () => {
  test('is a hint to ask, because refund_fee is cumulative', () => {
    const refund = {
      ...fields,
      refund_fee: '5.00',
      gmt_refund: '2026-11-20 11:00:00.123',
      out_biz_no: 'R0001',
    };
    expect(read(notification(refund))).toMatchObject({
      event: { kind: 'refund', attemptNo: 'A0001', refundNo: 'R0001', outcome: { kind: 'pending' } },
    });
  });

  test('in full closes the trade and is no closed payment', () => {
    const refund = {
      ...fields,
      trade_status: 'TRADE_CLOSED',
      refund_fee: '19.99',
      gmt_refund: '2026-11-20 11:00:00',
    };
    expect(read(notification(refund))).toMatchObject({ event: { kind: 'refund', refundNo: 'A0001' } });
  });
});

describe('a notification is rejected with "failure"', () => {
  const rejected = (body: Buffer, code: string) => {
    const reading = read(body);
    expect(reading).toMatchObject({ kind: 'rejected', code, answer: { body: 'failure' } });
  };

  test('when the amount was altered after signing', () => {
    rejected(Buffer.from(notification(fields).toString().replace('19.99', '0.01')), 'SIGNATURE');
  });
  test('when another key signed it', () => rejected(notification(fields, app.privateKey), 'SIGNATURE'));
  test('when it has no signature', () =>
    rejected(Buffer.from(new URLSearchParams(fields).toString()), 'SIGNATURE'));
  test('when it claims the older RSA', () => {
    rejected(
      Buffer.from(notification(fields).toString().replace('sign_type=RSA2', 'sign_type=RSA')),
      'SIGNATURE',
    );
  });
  test('when it is for another application', () => {
    rejected(notification({ ...fields, app_id: '2021000000000002' }), 'APP_ID');
  });
  test('when another seller was paid', () => {
    rejected(notification({ ...fields, seller_id: '2088000000000000' }), 'SELLER_ID');
  });
  test.each(['abc', '1.999', '', '1e3'])('when the amount reads "%s"', (amount) => {
    rejected(notification({ ...fields, total_amount: amount }), 'MALFORMED');
  });
  test('when the order number is missing', () => {
    const { out_trade_no: _, ...rest } = fields;
    rejected(notification(rest), 'MALFORMED');
  });
  test('when a field is given twice', () => {
    rejected(Buffer.from(`${notification(fields).toString()}&total_amount=0.01`), 'UNREADABLE');
  });
  test.each([
    ['nothing', Buffer.alloc(0), 'SIGNATURE'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00]), 'UNREADABLE'],
    ['JSON', Buffer.from('{"out_trade_no":"A0001"}'), 'SIGNATURE'],
    ['a stray per cent sign', Buffer.from('a=%&sign=%&sign_type=RSA2'), 'SIGNATURE'],
  ])('when it is %s', (_, body, code) => rejected(body, code));
});

test('a notification of another kind is verified and ignored', () => {
  expect(read(notification({ ...fields, notify_type: 'open_app_auth_notify' }))).toMatchObject({
    kind: 'ignored',
    accepted: { body: 'success' },
  });
});

/** Published with the SDK's own tests. */
const published: Record<string, string> = {
  gmt_create: '2019-08-15 15:56:22',
  charset: 'utf-8',
  seller_email: 'z97-yuquerevenue@service.aliyun.com',
  subject: '语雀空间 500人规模',
  buyer_id: '2088102534368455',
  invoice_amount: '0.10',
  notify_id: '2019081500222155624068450559358070',
  fund_bill_list: '[{"amount":"0.10","fundChannel":"ALIPAYACCOUNT"}]',
  notify_type: 'trade_status_sync',
  trade_status: 'TRADE_SUCCESS',
  receipt_amount: '0.10',
  buyer_pay_amount: '0.10',
  app_id: '2019073166072302',
  seller_id: '2088531891668739',
  gmt_payment: '2019-08-15 15:56:24',
  notify_time: '2019-08-15 15:56:25',
  version: '1.0',
  out_trade_no: '20190815155618536-564-57',
  total_amount: '0.10',
  trade_no: '2019081522001468450512505578',
  auth_app_id: '2019073166072302',
  buyer_logon_id: 'xud***@126.com',
  point_amount: '0.00',
};

test('the published notification has the documented canonical text, without sign_type', () => {
  expect(sha256(canonical(published))).toBe(
    'f7ddd6b8ed65cde03339b71735ad29e044d8f3ed0e2659c5156d9ed2acaf1f57',
  );
});

test("the published values verify when Alipay's key signed their canonical text", () => {
  const form = { ...published, sign_type: 'RSA2', sign: rsa2(canonical(published), alipay.privateKey) };
  expect(signer.notificationVerifies(form)).toBe(true);
});
