import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../contract';
import { generateCredentials } from '../credentials';
import { createSandbox } from '../sandbox';
import { listenForNotifications, wechatMerchant } from '../testing/merchant';

const credentials = generateCredentials();
const { mchid, appid, publicKeyId, platformSerial } = credentials.wechat;
let sandbox: Sandbox;
let server: Awaited<ReturnType<Sandbox['listen']>>;
let merchant: ReturnType<typeof wechatMerchant>;
let next = 0;

beforeAll(async () => {
  sandbox = createSandbox({ credentials, notifyRetryScale: 0.001, billReadyHour: 0, refundSettleMs: 0 });
  server = await sandbox.listen();
  merchant = wechatMerchant(credentials, server.baseUrl);
});
afterEach(() => {
  sandbox.faults.clear();
  sandbox.clock.reset();
});
afterAll(async () => {
  sandbox.destroy();
  await server.close();
});

const number = () => {
  next += 1;
  return `WXTEST${next}`;
};

function order(total: number, changes: Record<string, unknown> = {}) {
  return {
    appid,
    mchid,
    description: '门诊缴费',
    out_trade_no: number(),
    notify_url: 'http://127.0.0.1:9/notify',
    amount: { total, currency: 'CNY' },
    ...changes,
  };
}

async function native(total = 1_234, changes: Record<string, unknown> = {}) {
  const body = order(total, changes);
  const reply = await merchant.call('POST', '/v3/pay/transactions/native', body);
  return { body, no: body.out_trade_no, reply, qr: String(reply.data.code_url ?? '') };
}

async function codepay(total: number, code = sandbox.patient.issueCode('wechat')) {
  const { notify_url: _, ...body } = order(total, {
    payer: { auth_code: code },
    scene_info: { device_ip: '127.0.0.1' },
  });
  return { no: body.out_trade_no, reply: await merchant.call('POST', '/v3/pay/transactions/codepay', body) };
}

const query = (no: string) => merchant.call('GET', `/v3/pay/transactions/out-trade-no/${no}?mchid=${mchid}`);
const refund = (no: string, out_refund_no: string, value: number, total: number, notify_url?: string) =>
  merchant.call('POST', '/v3/refund/domestic/refunds', {
    out_trade_no: no,
    out_refund_no,
    amount: { refund: value, total, currency: 'CNY' },
    ...(notify_url === undefined ? {} : { notify_url }),
  });

describe('signatures', () => {
  test('every reply is signed, errors too, by the key the caller names', async () => {
    const found = await query('NOSUCHORDER');
    expect(found).toMatchObject({ status: 404, genuine: true, serial: publicKeyId });
    expect(found.data.code).toBe('ORDER_NOT_EXIST');
    const path = `/v3/pay/transactions/out-trade-no/NOSUCHORDER?mchid=${mchid}`;
    const asked = await merchant.call('GET', path, undefined, { serial: platformSerial });
    expect(asked).toMatchObject({ genuine: true, serial: platformSerial });
  });

  test('a stale timestamp and a wrong key are SIGN_ERROR', async () => {
    const stale = await merchant.call('GET', '/v3/certificates', undefined, { timestamp: '1704135845' });
    expect(stale).toMatchObject({ status: 401, data: { code: 'SIGN_ERROR' } });
    const stranger = generateCredentials();
    stranger.wechat.merchantSerial = credentials.wechat.merchantSerial;
    const forged = await wechatMerchant(stranger, server.baseUrl).call('GET', '/v3/certificates');
    expect(forged).toMatchObject({ status: 401, data: { code: 'SIGN_ERROR' } });
  });

  test('certificates are only given to merchants who verify by certificate', async () => {
    expect(await merchant.call('GET', '/v3/certificates')).toMatchObject({ status: 404 });
    sandbox.gateways.wechat.setVerifyMode(mchid, 'certificate');
    expect(await merchant.call('GET', '/v3/certificates')).toMatchObject({
      status: 200,
      serial: platformSerial,
    });
    sandbox.gateways.wechat.setVerifyMode(mchid, 'public_key');
  });
});

describe('orders', () => {
  test('a native order is paid by the patient', async () => {
    const { no, qr } = await native();
    expect((await query(no)).data.trade_state).toBe('NOTPAY');
    await sandbox.patient.pay('wechat', qr);
    expect((await query(no)).data).toMatchObject({
      trade_state: 'SUCCESS',
      amount: { total: 1_234, payer_total: 1_234 },
    });
  });

  test.each(['jsapi', 'h5', 'app'])('%s gives the payer what that scene needs', async (scene) => {
    const body = order(100, {
      payer: { openid: 'o1' },
      scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } },
    });
    const { data } = await merchant.call('POST', `/v3/pay/transactions/${scene}`, body);
    const token = scene === 'h5' ? String(data.h5_url) : `prepay_id=${String(data.prepay_id)}`;
    expect((await sandbox.patient.pay('wechat', token)).outTradeNo).toBe(body.out_trade_no);
  });

  test('the same number with the same order gives a new QR, with another order a conflict', async () => {
    const { body, qr } = await native();
    const again = await merchant.call('POST', '/v3/pay/transactions/native', body);
    expect(again.status).toBe(200);
    expect(again.data.code_url).not.toBe(qr);
    const other = await merchant.call('POST', '/v3/pay/transactions/native', {
      ...body,
      amount: { total: 1 },
    });
    expect(other.data.code).toBe('OUT_TRADE_NO_USED');
  });

  test('closing answers 204, and a paid order is not closed', async () => {
    const first = await native();
    const path = (no: string) => `/v3/pay/transactions/out-trade-no/${no}/close`;
    expect(await merchant.call('POST', path(first.no), { mchid })).toMatchObject({
      status: 204,
      genuine: true,
    });
    await sandbox.patient.pay('wechat', first.no);
    expect((await query(first.no)).data.trade_state).toBe('CLOSED');
    const second = await native();
    sandbox.faults.add({ channel: 'wechat', kind: 'pay_after_close' });
    expect((await merchant.call('POST', path(second.no), { mchid })).data.code).toBe('ORDERPAID');
    expect((await query(second.no)).data.trade_state).toBe('SUCCESS');
  });

  test.each([0, -1, 1.5, 2 ** 53])('the amount %p is refused', async (total) => {
    expect((await native(total)).reply).toMatchObject({ status: 400, data: { code: 'PARAM_ERROR' } });
  });
});

describe('payment codes', () => {
  test('v3 answers each amount ending in its own way', async () => {
    expect((await codepay(1_234)).reply.data.trade_state).toBe('SUCCESS');
    const waiting = await codepay(102);
    expect(waiting.reply.data.trade_state).toBe('USERPAYING');
    const states = [];
    for (let time = 0; time < 3; time += 1) states.push((await query(waiting.no)).data.trade_state);
    expect(states).toEqual(['USERPAYING', 'USERPAYING', 'SUCCESS']);
    expect((await codepay(104)).reply.data.code).toBe('AUTH_CODE_INVALID');
    const paid = await codepay(105);
    expect(paid.reply).toMatchObject({ status: 500, data: { code: 'SYSTEM_ERROR' } });
    expect((await query(paid.no)).data.trade_state).toBe('SUCCESS');
    expect((await query((await codepay(106)).no)).data.trade_state).toBe('NOTPAY');
    expect((await codepay(107)).reply.data.code).toBe('NOTENOUGH');
  });

  test('a used code is refused', async () => {
    const code = sandbox.patient.issueCode('wechat');
    await codepay(500, code);
    expect((await codepay(500, code)).reply.data.code).toBe('AUTH_CODE_INVALID');
  });

  test('a reversed payment gives the money back', async () => {
    const { no } = await codepay(500);
    const path = `/v3/pay/transactions/out-trade-no/${no}/reverse`;
    expect((await merchant.call('POST', path, { appid, mchid })).status).toBe(200);
    expect((await query(no)).data.trade_state).toBe('REVOKED');
    expect(sandbox.ledger.totals({ outTradeNo: no })).toMatchObject({ paidFen: 500, refundedFen: 500 });
  });

  test.each(['MD5', 'HMAC-SHA256'] as const)('v2 does the same in XML with %s', async (type) => {
    const out_trade_no = number();
    const scan = (total_fee: string, no: string) =>
      merchant.v2(
        '/pay/micropay',
        {
          body: '门诊缴费',
          out_trade_no: no,
          total_fee,
          spbill_create_ip: '127.0.0.1',
          auth_code: sandbox.patient.issueCode('wechat'),
        },
        type,
      );
    expect(await scan('1234', out_trade_no)).toMatchObject({
      genuine: true,
      answer: { result_code: 'SUCCESS', total_fee: '1234' },
    });
    expect((await scan('102', number())).answer.err_code).toBe('USERPAYING');
    expect((await scan('105', number())).answer.err_code).toBe('SYSTEMERROR');
    expect(await merchant.v2('/pay/orderquery', { out_trade_no }, type)).toMatchObject({
      genuine: true,
      answer: { trade_state: 'SUCCESS' },
    });
    const refunding = {
      out_trade_no,
      out_refund_no: `R${out_trade_no}`,
      total_fee: '1234',
      refund_fee: '34',
    };
    expect((await merchant.v2('/secapi/pay/refund', refunding, type)).answer.result_code).toBe('SUCCESS');
    expect(
      (await merchant.v2('/pay/refundquery', { out_refund_no: `R${out_trade_no}` }, type)).answer,
    ).toMatchObject({ refund_status_0: 'SUCCESS', refund_fee_0: '34' });
  });

  test('v2 refuses a wrong signature without signing the refusal', async () => {
    const reply = await merchant.v2('/pay/orderquery', { out_trade_no: 'X', sign: 'WRONG' });
    expect(reply.answer).toMatchObject({ return_code: 'FAIL', return_msg: '签名错误' });
    expect(reply.answer.sign).toBeUndefined();
  });
});

describe('refunds', () => {
  test('are accepted first and succeed later; the same number is the same refund', async () => {
    const { no } = await codepay(1_000);
    const first = await refund(no, `R1${no}`, 400, 1_000);
    expect(first).toMatchObject({ status: 200, data: { status: 'PROCESSING' } });
    const again = await refund(no, `R1${no}`, 400, 1_000);
    expect(again.data.refund_id).toBe(first.data.refund_id);
    expect((await refund(no, `R1${no}`, 401, 1_000)).data.code).toBe('PARAM_ERROR');
    expect((await refund(no, `R2${no}`, 601, 1_000)).data.code).toBe('INVALID_REQUEST');
    expect((await merchant.call('GET', `/v3/refund/domestic/refunds/R1${no}`)).data.status).toBe('SUCCESS');
    expect((await query(no)).data.trade_state).toBe('REFUND');
    expect((await merchant.call('GET', '/v3/refund/domestic/refunds/NONE')).status).toBe(404);
  });

  test('can be accepted and then end abnormally', async () => {
    const { no } = await codepay(1_000);
    sandbox.faults.add({ channel: 'wechat', kind: 'refund_then_fails' });
    await refund(no, `R1${no}`, 400, 1_000);
    expect((await merchant.call('GET', `/v3/refund/domestic/refunds/R1${no}`)).data.status).toBe('ABNORMAL');
    expect(sandbox.ledger.totals({ outTradeNo: no }).refundedFen).toBe(0);
  });
});

describe('notifications', () => {
  test('of payments and refunds are signed and encrypted, and are repeated until accepted', async () => {
    const shop = await listenForNotifications((count) => ({ status: count === 1 ? 500 : 204, body: '' }));
    const { no, qr } = await native(1_234, { notify_url: shop.url });
    await sandbox.patient.pay('wechat', qr);
    await waitFor(() => shop.received.length === 2);
    const read = shop.received.map((message) => merchant.readNotification(message));
    expect(read[1]).toMatchObject({
      genuine: true,
      event: 'TRANSACTION.SUCCESS',
      resource: { out_trade_no: no, trade_state: 'SUCCESS', amount: { total: 1_234 } },
    });
    await refund(no, `R1${no}`, 234, 1_234, shop.url);
    await waitFor(() => shop.received.length === 3);
    const last = shop.received.at(-1);
    expect(last && merchant.readNotification(last)).toMatchObject({
      genuine: true,
      event: 'REFUND.SUCCESS',
      resource: { refund_status: 'SUCCESS', amount: { refund: 234 } },
    });
    await shop.close();
  });

  test('a held one is overtaken by the next', async () => {
    const shop = await listenForNotifications(() => ({ status: 200, body: '' }));
    sandbox.faults.add({ channel: 'wechat', kind: 'reorder_notify' });
    const first = await native(100, { notify_url: shop.url });
    const second = await native(200, { notify_url: shop.url });
    await sandbox.patient.pay('wechat', first.no);
    await sandbox.patient.pay('wechat', second.no);
    await waitFor(() => shop.received.length === 2);
    expect(shop.received.map((message) => merchant.readNotification(message).resource.out_trade_no)).toEqual([
      second.no,
      first.no,
    ]);
    await shop.close();
  });

  test('a probe carries a signature that nobody may accept', async () => {
    const shop = await listenForNotifications((_, { headers }) => ({
      status: String(headers['wechatpay-signature']).startsWith('WECHATPAY/SIGNTEST/') ? 401 : 200,
      body: '',
    }));
    expect((await sandbox.gateways.wechat.probe(shop.url)).status).toBe(401);
    await shop.close();
  });

  test('a payment code notifies nobody', async () => {
    const { no } = await codepay(500);
    expect(sandbox.notifications.list({ orderNo: no })).toHaveLength(0);
  });
});

describe('bills', () => {
  const paidAt = Date.parse('2026-09-01T10:00:00+08:00');
  const cells = (line: string | undefined) => (line ?? '').split(',`').map((cell) => cell.replace(/^`/, ''));

  async function download(path: string) {
    const { data } = await merchant.call('GET', path);
    const url = String(data.download_url);
    expect(url.startsWith('https://api.mch.weixin.qq.com/v3/billdownload/file?token=')).toBe(true);
    const file = await merchant.call('GET', url.replace('https://api.mch.weixin.qq.com', ''));
    return { hash: data.hash_value, file };
  }

  test('are the ledger of the day, back-ticked, with a hash over the plain file', async () => {
    sandbox.clock.set(Date.parse('2026-09-10T12:00:00+08:00'));
    sandbox.ledger.seed([
      {
        gateway: 'wechat',
        outTradeNo: 'WXBILL1',
        amountFen: 1_999,
        paidAt,
        subject: '检查,费 "CT"',
        refunds: [{ refundNo: 'WXBILLR1', amountFen: 999, at: paidAt + 60_000 }],
      },
    ]);
    const { hash, file } = await download('/v3/bill/tradebill?bill_date=2026-09-01&bill_type=ALL');
    expect(createHash('sha1').update(file.bytes).digest('hex')).toBe(hash);
    const lines = file.text.replace(/^\ufeff/, '').split('\r\n');
    expect(lines[0]?.split(',')).toHaveLength(27);
    expect(lines[1]?.startsWith('`2026-09-01 10:00:00,`')).toBe(true);
    expect(cells(lines[1])).toHaveLength(27);
    expect(cells(lines[1])[20]).toBe('检查\\ 费 \\"CT\\"');
    expect(cells(lines[2]).slice(14, 20)).toEqual([
      expect.any(String),
      'WXBILLR1',
      '9.99',
      '0.00',
      'ORIGINAL',
      'SUCCESS',
    ]);
    expect(cells(lines[4])).toEqual(['2', '19.99', '9.99', '0.00', '0.06000', '19.99', '9.99']);
    const packed = await download('/v3/bill/tradebill?bill_date=2026-09-01&bill_type=ALL&tar_type=GZIP');
    expect(createHash('sha1').update(gunzipSync(packed.file.bytes)).digest('hex')).toBe(packed.hash);
    const v2 = await merchant.v2('/pay/downloadbill', { bill_date: '20260901', bill_type: 'ALL' });
    expect(v2.text).toContain('`WXBILL1');
  });

  test('the fund flow of the day ends in its own totals', async () => {
    sandbox.clock.set(Date.parse('2026-09-10T12:00:00+08:00'));
    const { file } = await download('/v3/bill/fundflowbill?bill_date=2026-09-01&account_type=BASIC');
    const lines = file.text
      .replace(/^\ufeff/, '')
      .trim()
      .split('\r\n');
    expect(lines[0]?.split(',')).toHaveLength(11);
    expect(cells(lines.at(-1))).toEqual(['3', '1', '19.99', '2', '10.05']);
  });

  test('are not there for today or for a day without trade, and not yet before their hour', async () => {
    sandbox.clock.set(Date.parse('2026-09-10T08:00:00+08:00'));
    const code = async (day: string) =>
      (await merchant.call('GET', `/v3/bill/tradebill?bill_date=${day}`)).data.code;
    expect(await code('2026-09-10')).toBe('PARAM_ERROR');
    expect(await code('2026-09-05')).toBe('NO_STATEMENT_EXIST');
    sandbox.settings.billReadyHour = 9;
    expect(await code('2026-09-09')).toBe('STATEMENT_CREATING');
    sandbox.settings.billReadyHour = 0;
  });
});

async function waitFor(done: () => boolean): Promise<void> {
  for (let time = 0; time < 300 && !done(); time += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
