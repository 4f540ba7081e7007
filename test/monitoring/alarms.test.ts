import { monitoring } from '@hospital-pay/monitoring';
import { insertRow, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hospital, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';

describe('what somebody should know', () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await startHospital();
  }, 120_000);
  afterAll(() => hospital.stop());

  const rows = async (type: 'message' | 'abnormal-request' | 'interface-log', where: object) => {
    await monitoring(hospital.strapi()).flush();
    return hospital
      .strapi()
      .db.query(`api::${type}.${type}`)
      .findMany({ where, orderBy: { id: 'asc' } });
  };
  const forge = (account = 'alipay-1', headers: Record<string, string> = {}) =>
    fetch(`${hospital.url}/api/notify/${account}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: 'out_trade_no=1&trade_status=TRADE_SUCCESS&total_amount=12.34&sign=AAAA&sign_type=RSA2',
    });

  test('a notification that does not verify is an abnormal request with code and words', async () => {
    await forge();
    expect(await rows('abnormal-request', { accountCode: 'alipay-1' })).toMatchObject([
      {
        errorCode: 'SIGNATURE',
        errorMessage: '通知处理失败:通知签名不符',
        action: '通知接收',
        advice: expect.stringContaining('伪造'),
      },
    ]);
    expect(await rows('message', { kind: 'forged_notification' })).toEqual([]);
  });

  test('repeated it is one message for the account and the hour', async () => {
    for (let time = 0; time < 5; time += 1) await forge();
    for (let time = 0; time < 4; time += 1) {
      await forge('wechat-1', {
        'wechatpay-signature': 'AAAA',
        'wechatpay-timestamp': String(Math.floor(Date.now() / 1000)),
        'wechatpay-nonce': 'n',
        'wechatpay-serial': 'nobody',
      });
    }
    const messages = await rows('message', { kind: 'forged_notification' });
    expect(messages.map(({ dedupeKey }) => dedupeKey)).toEqual([
      expect.stringMatching(/^forged:alipay-1:/),
      expect.stringMatching(/^forged:wechat-1:/),
    ]);
    expect(messages[0]).toMatchObject({ level: 'warning', title: expect.stringContaining('alipay-1') });
  });

  test('an alarm whose process died before telling it is a message after all, once', async () => {
    const alarm = {
      kind: 'refund_failed',
      level: 'critical' as const,
      zh: '订单 X 的自动退款失败',
      en: 'The automatic refund of order X failed',
      orderNo: 'X',
      dedupeKey: 'refund-failed:X',
    };
    const db = hospital.strapi().db.connection;
    const waiting = {
      topic: 'alarm',
      dedupeKey: alarm.dedupeKey,
      payload: alarm,
      status: 'pending',
      attempts: 0,
    };
    const now = payments(hospital.strapi()).clock.now();
    await insertRow(db, 'outboxes', { ...waiting, nextAt: now, createdTime: now });
    const told = await until(
      () => rows('message', { dedupeKey: alarm.dedupeKey }),
      (messages) => messages.length > 0,
    );
    payments(hospital.strapi()).events.emit('alarm', alarm);
    expect(await rows('message', { dedupeKey: alarm.dedupeKey })).toHaveLength(1);
    expect(told[0]).toMatchObject({ level: 'critical', title: alarm.zh, orderNo: 'X' });
  });

  test('addresses of accounts that are not ours fill no messages', async () => {
    for (let time = 0; time < 5; time += 1) await forge('nobody');
    expect(await rows('message', { dedupeKey: { $contains: 'nobody' } })).toEqual([]);
    const [row] = await rows('abnormal-request', { accountCode: 'nobody' });
    expect(row).toMatchObject({ errorCode: 'ACCOUNT_UNKNOWN', action: '通知接收' });
  });

  test('an application that asks for nonsense is an abnormal request in Chinese', async () => {
    await hospital.call('POST', '/api/v1/orders', { merchantOrderNo: 'N1', amountFen: 0, subject: 'x' });
    await hospital.call('GET', '/api/v1/orders/none');
    const found = await rows('abnormal-request', { action: { $startsWith: '接口' } });
    expect(found).toHaveLength(2);
    for (const row of found) expect(row.errorMessage).toMatch(/^接口.+被拒绝:.*\p{Script=Han}/u);
  });

  test('why something was refunded is not in the interface log, nor more of an address than is kept', async () => {
    await hospital.call('POST', '/api/v1/refunds', {
      merchantOrderNo: 'none',
      merchantRefundNo: 'R1',
      amountFen: 1,
      reason: '张三退号',
    });
    const [refund] = await rows('interface-log', { method: 'api_refund_order' });
    expect(refund.request).toContain('"reason":"***"');
    await fetch(`${hospital.url}/api/v1/orders/none?q=${'\\'.repeat(6000)}`);
    const [order] = await rows('interface-log', { url: { $contains: '?q=' } });
    expect(order.url).toMatch(/^\/api\/v1\/orders\/none\?q=.+… \(\d{4,5}\)$/);
  });

  test('a locked account is a message, once for each lock, and says from where', async () => {
    for (let time = 0; time < 7; time += 1) {
      await fetch(`${hospital.url}/api/access/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'finance', password: 'Wrong-Word-2026' }),
      });
    }
    const messages = await rows('message', { kind: 'account_locked' });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      level: 'warning',
      title: expect.stringContaining('finance'),
    });
    expect(messages[0].body).toContain('127.0.0.1');
    expect(JSON.stringify(messages)).not.toContain('Wrong-Word');
  });

  test('no method of the interface log is without a Chinese name once things went wrong', async () => {
    const { events } = payments(hospital.strapi());
    const logged = await rows('interface-log', {});
    for (const { method } of logged) {
      events.emit('channel.call', {
        method,
        url: '',
        request: '',
        response: '',
        startedAt: new Date(),
        durationMs: 1,
        channel: null,
        accountCode: 'words',
        orderNo: null,
        tradeType: null,
        direction: 'out',
        errorCode: 'ODD',
      });
    }
    const worded = await rows('abnormal-request', { accountCode: 'words' });
    expect(worded).toHaveLength(logged.length);
    for (const { action } of worded) expect(action).toMatch(/\p{Script=Han}/u);
  });
});
