import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import iconv from 'iconv-lite';
import JSZip from 'jszip';
import type { Sandbox } from '../contract';
import { generateCredentials } from '../credentials';
import { createSandbox } from '../sandbox';
import { alipayMerchant, listenForNotifications } from '../testing/merchant';

const credentials = generateCredentials();
let sandbox: Sandbox;
let server: Awaited<ReturnType<Sandbox['listen']>>;
let merchant: ReturnType<typeof alipayMerchant>;
let next = 0;

beforeAll(async () => {
  sandbox = createSandbox({ credentials, notifyRetryScale: 0.00005, billReadyHour: 0, refundSettleMs: 0 });
  server = await sandbox.listen();
  merchant = alipayMerchant(credentials, server.baseUrl);
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
  return `T${next}`;
};

async function scan(
  total_amount: string,
  changes: Record<string, unknown> = {},
  params: Record<string, string> = {},
) {
  const out_trade_no = number();
  const answer = await merchant.call(
    'alipay.trade.pay',
    {
      out_trade_no,
      total_amount,
      subject: '门诊缴费',
      scene: 'bar_code',
      auth_code: sandbox.patient.issueCode('alipay'),
      ...changes,
    },
    params,
  );
  return { out_trade_no, answer };
}

async function precreate(total_amount = '12.34', params: Record<string, string> = {}) {
  const out_trade_no = number();
  const answer = await merchant.call(
    'alipay.trade.precreate',
    { out_trade_no, total_amount, subject: '门诊缴费' },
    params,
  );
  return { out_trade_no, qr: answer.qr_code ?? '' };
}

const query = (out_trade_no: string) => merchant.call('alipay.trade.query', { out_trade_no });

test('a payment code whose order expired under way takes no money and is not answered as paid', async () => {
  const { out_trade_no, answer } = await scan('5.00', { time_expire: '2020-01-01 00:00:00' });
  expect(answer).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_HAS_CLOSE' });
  expect(sandbox.ledger.payments({ outTradeNo: out_trade_no })[0]?.paidAt).toBeNull();
});

describe('who may call', () => {
  test('an unknown application is refused before its missing signature', async () => {
    const { text, status, type } = await merchant.raw('alipay.trade.query', {}, { app_id: '1', sign: '' });
    expect(status).toBe(200);
    expect(type).toBe('text/html;charset=utf-8');
    expect(text).toContain('isv.invalid-app-id');
    expect(text).not.toContain('"sign"');
  });

  test('an altered request is refused without a signature', async () => {
    const { text } = await merchant.raw(
      'alipay.trade.query',
      {},
      { sign: Buffer.alloc(256, 1).toString('base64') },
    );
    expect(text).toContain('"alipay_trade_query_response"');
    expect(text).toContain('isv.invalid-signature');
    expect(text).not.toContain('"sign"');
  });

  test('a timestamp of another zone is refused', async () => {
    const timestamp = new Date().toISOString().slice(0, 19).replace('T', ' ');
    expect((await merchant.raw('alipay.trade.query', {}, { timestamp })).text).toContain(
      'isv.invalid-timestamp',
    );
  });

  test('content that is not JSON is refused', async () => {
    expect((await merchant.raw('alipay.trade.query', '{')).text).toContain('isv.illegal-json');
  });
});

describe('payment codes', () => {
  test('an ordinary amount pays at once, and the code works only once', async () => {
    const auth_code = sandbox.patient.issueCode('alipay');
    expect((await scan('12.34', { auth_code })).answer).toMatchObject({
      code: '10000',
      total_amount: '12.34',
    });
    expect((await scan('12.34', { auth_code })).answer.sub_code).toBe('ACQ.PAYMENT_AUTH_CODE_INVALID');
  });

  test('.02 waits for the password and pays after two queries', async () => {
    const { out_trade_no, answer } = await scan('1.02');
    expect(answer.code).toBe('10003');
    const states = [];
    for (let time = 0; time < 3; time += 1) states.push((await query(out_trade_no)).trade_status);
    expect(states).toEqual(['WAIT_BUYER_PAY', 'WAIT_BUYER_PAY', 'TRADE_SUCCESS']);
  });

  test('.03 waits for ever until it is cancelled', async () => {
    const { out_trade_no } = await scan('1.03');
    for (let time = 0; time < 5; time += 1)
      expect((await query(out_trade_no)).trade_status).toBe('WAIT_BUYER_PAY');
    expect(await merchant.call('alipay.trade.cancel', { out_trade_no })).toMatchObject({ action: 'close' });
    expect((await query(out_trade_no)).trade_status).toBe('TRADE_CLOSED');
  });

  test('.04 to .07 fail, each in its own way', async () => {
    expect((await scan('1.04')).answer.sub_code).toBe('ACQ.PAYMENT_AUTH_CODE_INVALID');
    const paid = await scan('1.05');
    expect(paid.answer.code).toBe('20000');
    expect((await query(paid.out_trade_no)).trade_status).toBe('TRADE_SUCCESS');
    const unpaid = await scan('1.06');
    expect(unpaid.answer.sub_code).toBe('ACQ.SYSTEM_ERROR');
    expect((await query(unpaid.out_trade_no)).trade_status).toBe('WAIT_BUYER_PAY');
    expect((await scan('1.07')).answer.sub_code).toBe('ACQ.BUYER_BALANCE_NOT_ENOUGH');
  });

  test('a code may carry its own fate, against the amount', async () => {
    const auth_code = sandbox.patient.issueCode('alipay', 'insufficient_funds');
    expect((await scan('5.00', { auth_code })).answer.sub_code).toBe('ACQ.BUYER_BALANCE_NOT_ENOUGH');
  });

  test.each(['0.00', '-1.00', '1.001', '9007199254740992'])('the amount %s is refused', async (amount) => {
    expect((await scan(amount)).answer.code).toBe('40004');
  });
});

describe('a QR that the patient scans', () => {
  test('is no trade before it is opened, and is paid afterwards', async () => {
    const { out_trade_no, qr } = await precreate();
    expect((await query(out_trade_no)).sub_code).toBe('ACQ.TRADE_NOT_EXIST');
    sandbox.patient.scan('alipay', qr);
    expect((await query(out_trade_no)).trade_status).toBe('WAIT_BUYER_PAY');
    await sandbox.patient.pay('alipay', qr);
    expect(await query(out_trade_no)).toMatchObject({ trade_status: 'TRADE_SUCCESS', total_amount: '12.34' });
  });

  test('expires', async () => {
    const { out_trade_no, qr } = await precreate();
    sandbox.clock.advance(3 * 3_600_000);
    await sandbox.patient.pay('alipay', qr);
    expect(sandbox.ledger.payments({ outTradeNo: out_trade_no })[0]?.paidAt).toBeNull();
  });

  test('can be paid while it is being closed', async () => {
    const { out_trade_no, qr } = await precreate();
    sandbox.patient.scan('alipay', qr);
    sandbox.faults.add({ channel: 'alipay', kind: 'pay_after_close' });
    expect((await merchant.call('alipay.trade.close', { out_trade_no })).sub_code).toBe(
      'ACQ.TRADE_STATUS_ERROR',
    );
    expect((await query(out_trade_no)).trade_status).toBe('TRADE_SUCCESS');
  });
});

describe('refunds', () => {
  const refund = (out_trade_no: string, refund_amount: string, out_request_no: string) =>
    merchant.call('alipay.trade.refund', { out_trade_no, refund_amount, out_request_no });

  test('are cumulative, idempotent by number, and never above the payment', async () => {
    const { out_trade_no } = await scan('10.00');
    expect(await refund(out_trade_no, '4.00', 'A')).toMatchObject({ fund_change: 'Y', refund_fee: '4.00' });
    expect(await refund(out_trade_no, '4.00', 'A')).toMatchObject({ fund_change: 'N', refund_fee: '4.00' });
    expect((await refund(out_trade_no, '5.00', 'A')).sub_code).toBe('ACQ.DISCORDANT_REPEAT_REQUEST');
    expect((await refund(out_trade_no, '6.01', 'B')).sub_code).toBe('ACQ.REASON_TRADE_REFUND_FEE_ERR');
    expect(await refund(out_trade_no, '6.00', 'B')).toMatchObject({ fund_change: 'Y', refund_fee: '10.00' });
    expect((await query(out_trade_no)).trade_status).toBe('TRADE_CLOSED');
  });

  test('a refund that fails is never confirmed, and works when tried again', async () => {
    const { out_trade_no } = await scan('10.00');
    const status = async () =>
      (await merchant.call('alipay.trade.fastpay.refund.query', { out_trade_no, out_request_no: 'A' }))
        .refund_status;
    sandbox.faults.add({ channel: 'alipay', kind: 'refund_then_fails' });
    expect(await refund(out_trade_no, '4.00', 'A')).toMatchObject({ code: '10000', fund_change: 'N' });
    expect(await status()).toBeUndefined();
    expect(await refund(out_trade_no, '4.00', 'A')).toMatchObject({ fund_change: 'Y' });
    expect(await status()).toBe('REFUND_SUCCESS');
  });

  test('a paid trade that is cancelled gives the money back', async () => {
    const { out_trade_no } = await scan('10.00');
    expect(await merchant.call('alipay.trade.cancel', { out_trade_no })).toMatchObject({ action: 'refund' });
    expect(sandbox.ledger.totals({ outTradeNo: out_trade_no })).toMatchObject({
      paidFen: 1_000,
      refundedFen: 1_000,
    });
  });
});

describe('notifications', () => {
  test('are signed, keep their id, and stop at exactly "success"', async () => {
    const shop = await listenForNotifications((count) => ({
      status: 200,
      body: count < 3 ? 'SUCCESS' : 'success',
    }));
    const { out_trade_no, qr } = await precreate('12.34', { notify_url: shop.url });
    await sandbox.patient.pay('alipay', qr);
    await waitFor(() => sandbox.notifications.list({ orderNo: out_trade_no })[0]?.state === 'acknowledged');
    expect(shop.received).toHaveLength(3);
    const read = shop.received.map(({ body }) => merchant.readNotification(body));
    expect(read.every(({ genuine }) => genuine)).toBe(true);
    expect(new Set(read.map(({ fields }) => fields.notify_id)).size).toBe(1);
    expect(read[0]?.fields).toMatchObject({
      out_trade_no,
      total_amount: '12.34',
      trade_status: 'TRADE_SUCCESS',
    });
    await shop.close();
  });

  test('can be lost, doubled, tampered with, and sent before the reply', async () => {
    const shop = await listenForNotifications(() => ({ status: 200, body: 'success' }));
    const pay = async (fault: Parameters<Sandbox['faults']['add']>[0]) => {
      shop.received.length = 0;
      sandbox.faults.add(fault);
      const { qr } = await precreate('12.34', { notify_url: shop.url });
      const early = shop.received.length;
      await sandbox.patient.pay('alipay', qr);
      await sandbox.notifications.settled();
      return { early, amounts: shop.received.map(({ body }) => merchant.readNotification(body)) };
    };
    expect((await pay({ channel: 'alipay', kind: 'lost_notify' })).amounts).toHaveLength(0);
    expect((await pay({ channel: 'alipay', kind: 'duplicate_notify', copies: 3 })).amounts).toHaveLength(3);
    expect((await pay({ channel: 'alipay', kind: 'tampered_notify_amount' })).amounts[0]).toMatchObject({
      genuine: true,
      fields: { total_amount: '13.34' },
    });
    expect((await pay({ channel: 'alipay', kind: 'notify_before_reply' })).early).toBe(1);
    await shop.close();
  });
});

describe('faults of replies', () => {
  test('happen after the ledger committed', async () => {
    for (const kind of ['http_5xx', 'garbage', 'reset', 'bad_signature'] as const) {
      sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind });
      const out_trade_no = `FAULT${kind}`;
      await expect(scan('12.34', { out_trade_no })).rejects.toThrow();
      expect((await query(out_trade_no)).trade_status).toBe('TRADE_SUCCESS');
    }
  });

  test('or instead of the call, when told so', async () => {
    sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind: 'reset', phase: 'before', times: 2 });
    await expect(scan('12.34', { out_trade_no: 'BEFORE1' })).rejects.toThrow();
    expect((await query('BEFORE1')).sub_code).toBe('ACQ.TRADE_NOT_EXIST');
  });

  test('a business error is signed and leaves no trace', async () => {
    sandbox.faults.add({
      kind: 'business_error',
      operation: 'refund',
      code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    });
    const { out_trade_no } = await scan('10.00');
    const answer = await merchant.call('alipay.trade.refund', { out_trade_no, refund_amount: '10.00' });
    expect(answer).toMatchObject({ code: '40004', sub_code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' });
    expect(sandbox.ledger.refunds({ outTradeNo: out_trade_no })).toHaveLength(0);
  });
});

describe('bills', () => {
  const paidAt = Date.parse('2026-03-01T10:00:00+08:00');
  const billOf = async (bill_date: string, bill_type = 'trade') => {
    const answer = await merchant.call('alipay.data.dataservice.bill.downloadurl.query', {
      bill_type,
      bill_date,
    });
    const response = await fetch(answer.bill_download_url ?? '');
    const zip = await JSZip.loadAsync(await response.arrayBuffer(), {
      decodeFileName: (bytes) =>
        bytes instanceof Uint8Array ? iconv.decode(Buffer.from(bytes), 'gbk') : bytes.join(''),
    });
    const names = Object.keys(zip.files);
    const texts = await Promise.all(
      names.map(async (name) =>
        iconv.decode((await zip.file(name)?.async('nodebuffer')) ?? Buffer.alloc(0), 'gbk'),
      ),
    );
    return { names, lines: (texts[0] ?? '').split('\r\n') };
  };

  test('show the ledger of the day in the exact layout', async () => {
    sandbox.ledger.seed([
      {
        gateway: 'alipay',
        outTradeNo: 'BILL1',
        amountFen: 1_999,
        paidAt,
        refunds: [{ refundNo: 'BILLR1', amountFen: 999, at: paidAt + 60_000 }],
      },
      { gateway: 'alipay', outTradeNo: 'BILL2', amountFen: 5_000, paidAt: paidAt + 1_000 },
      {
        gateway: 'alipay',
        outTradeNo: 'BILLOTHERDAY',
        amountFen: 1,
        paidAt: Date.parse('2026-03-02T00:00:00+08:00'),
      },
    ]);
    sandbox.ledger.injectForeignPayment({
      gateway: 'alipay',
      outTradeNo: 'NEVERASKED',
      amountFen: 100,
      paidAt,
    });
    sandbox.ledger.dropFromBill('BILL2');
    const { names, lines } = await billOf('2026-03-01');
    const account = `${credentials.alipay.sellerId}0156_20260301`;
    expect(names).toEqual([`${account}_业务明细.csv`, `${account}_业务明细(汇总).csv`]);
    expect(lines[0]).toBe('#支付宝业务明细查询');
    expect(lines[2]).toBe('#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]');
    expect(lines[4]?.split(',')).toHaveLength(25);
    const rows = lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .slice(1)
      .map((line) => line.split(','));
    expect(rows.map((row) => [row[1], row[2], row[11], row[21]])).toEqual([
      ['BILL1\t', '交易', '19.99', ''],
      ['NEVERASKED\t', '交易', '1.00', ''],
      ['BILL1\t', '退款', '-9.99', 'BILLR1\t'],
    ]);
    expect(lines).toContain('#交易合计：2笔，商家实收共20.99元，商家优惠共0.00元');
    expect(lines).toContain('#退款合计：1笔，商家实收退款共-9.99元，商家优惠退款共0.00元');
  });

  test('the fund flow adds up to the fen', async () => {
    const { lines } = await billOf('2026-03-01', 'signcustomer');
    expect(lines[0]).toBe('#支付宝账务明细查询');
    expect(lines.some((line) => line.startsWith('#收入合计：'))).toBe(true);
  });

  test('the link dies after 30 seconds', async () => {
    let now = Date.now();
    const own = createSandbox({ credentials, clock: { now: () => now }, billReadyHour: 0 });
    const listening = await own.listen();
    own.ledger.seed([{ gateway: 'alipay', outTradeNo: 'L1', amountFen: 1, paidAt }]);
    const { bill_download_url: link = '' } = await alipayMerchant(credentials, listening.baseUrl).call(
      'alipay.data.dataservice.bill.downloadurl.query',
      { bill_type: 'trade', bill_date: '2026-03-01' },
    );
    expect((await fetch(link)).status).toBe(200);
    now += 31_000;
    expect((await fetch(link)).status).toBe(404);
    await listening.close();
  });

  test('are refused for days without trade, days to come and days that are none', async () => {
    const ask = (bill_date: string) =>
      merchant.call('alipay.data.dataservice.bill.downloadurl.query', { bill_type: 'trade', bill_date });
    expect((await ask('2020-01-01')).sub_code).toBe('NO_BILL_DATA');
    expect((await ask('2099-01-01')).sub_code).toBe('INVAILID_ARGUMENTS');
    expect((await ask('2026-13-01')).sub_code).toBe('INVAILID_ARGUMENTS');
  });

  test('fifty thousand past payments are seeded and billed, each once', async () => {
    const day = Date.parse('2026-02-01T08:00:00+08:00');
    sandbox.ledger.seed(
      Array.from({ length: 50_000 }, (_, index) => ({
        gateway: 'alipay' as const,
        outTradeNo: `MANY${index}`,
        amountFen: 100 + index,
        paidAt: day + index * 500,
      })),
    );
    const { lines } = await billOf('2026-02-01');
    expect(lines.filter((line) => line.includes('MANY'))).toHaveLength(50_000);
  });
});

async function waitFor(done: () => boolean): Promise<void> {
  for (let time = 0; time < 300 && !done(); time += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
