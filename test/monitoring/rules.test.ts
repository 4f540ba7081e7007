import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, insertRow } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { type Hospital, merchantCode, startHospital } from '../harness/hospital';

type Row = Record<string, unknown>;

/** As Grafana is told by its provisioning. */
const contactPoint = fs.readFileSync(
  path.resolve('dashboards/grafana/provisioning/alerting/contact-point.yaml'),
  'utf8',
);
const provisioned = (name: string) => new RegExp(`^ *${name}: (\\S+)$`, 'm').exec(contactPoint)?.[1] ?? '';

const secret = 'the-contact-point-secret';

describe.each(['sqlite', 'postgres'] as const)('alert rules on %s', (database) => {
  const clock = createTurnableClock(0);
  let hospital: Hospital;
  let ops: Awaited<ReturnType<Hospital['staff']>>;

  beforeAll(async () => {
    hospital = await startHospital({ clock, database, env: { GRAFANA_WEBHOOK_SECRET: secret } });
    ops = await hospital.staff('ops');
    // One rule at a time: what a machine's disk or the hour of the day say is not this test's business.
    await hospital.strapi().db.connection('alert_rules').delete();
  }, 120_000);
  afterAll(() => hospital.stop());

  const rows = (type: 'message' | 'alert-event' | 'alert-state', where: object = {}): Promise<Row[]> =>
    hospital
      .strapi()
      .db.query(`api::${type}.${type}`)
      .findMany({ where, orderBy: { id: 'asc' } });
  const rule = async (fields: Row): Promise<string> => {
    const code = newNo();
    const data = {
      code,
      name: code,
      nameEn: code,
      level: 'critical',
      enabled: true,
      windowMinutes: 10,
      ...fields,
    };
    const made = await ops('POST', '/api/alert-rules', { data });
    expect(made).toMatchObject({ status: 201 });
    return code;
  };
  const judge = () => monitoring(hospital.strapi()).alerts.judge();
  const order = (channel: string, status: string, fields: Row = {}) => {
    const orderNo = newNo();
    const base = {
      orderNo,
      merchantOrderNo: orderNo,
      merchantCode,
      channel,
      accountCode: `${channel}-1`,
      scene: 'native',
    };
    const amounts = { amountFen: 100, paidFen: 0, refundedFen: 0, hisChargedFen: 0, hisRefundedFen: 0 };
    const createdTime = new Date(clock.now().getTime() - 60_000);
    return insertRow(hospital.strapi().db.connection, 'orders', {
      ...base,
      ...amounts,
      status,
      currency: 'CNY',
      createdTime,
      ...fields,
    });
  };
  const moves = async (ruleCode: string) =>
    (await rows('alert-event', { ruleCode })).map(({ subject, toStatus }) => `${subject}:${toStatus}`);

  test('a channel whose success rate stays low is told once, and again when it is well', async () => {
    const code = await rule({
      metric: 'success_rate',
      threshold: 90,
      forMinutes: 2,
      minCount: 5,
      splitBy: 'channel',
    });
    for (let no = 0; no < 10; no += 1) {
      await order('alipay', 'paid');
      await order('wechat', no < 5 ? 'paid' : 'failed');
    }
    await judge();
    expect(await moves(code)).toEqual(['wechat:pending']);
    clock.turn(2 * 60_000);
    await judge();
    await judge();
    expect(await moves(code)).toEqual(['wechat:pending', 'wechat:firing']);
    expect(await rows('alert-state', { ruleCode: code, subject: 'wechat' })).toMatchObject([
      { status: 'firing', value: '50.00%' },
    ]);
    const [message] = await rows('message', { groupKey: `alert|${code}:wechat` });
    expect(message).toMatchObject({ level: 'critical', status: 'open', count: 1 });
    expect(message?.title).toContain('支付成功率 50.00%（< 90.00%）');
    clock.turn(11 * 60_000);
    await judge();
    expect(await moves(code)).toEqual(['wechat:pending', 'wechat:firing', 'wechat:resolved']);
    expect(await rows('message', { groupKey: `alert|${code}:wechat` })).toMatchObject([
      { status: 'resolved' },
    ]);
  });

  test('every metric can be measured', async () => {
    const metrics = [
      'latency_p95',
      'traffic',
      'unknown_orders',
      'one_sided_count',
      'one_sided_amount',
      'bill_missing',
      'refund_failures',
      'his_backlog',
      'certificate_expiry',
      'disk',
      'queue_depth',
    ];
    await order('alipay', 'unknown', { createdTime: new Date(clock.now().getTime() - 3_600_000) });
    for (const metric of metrics) {
      const body = {
        rule: { code: 'x', name: 'x', nameEn: 'x', level: 'info', metric, threshold: 0, splitBy: 'channel' },
      };
      const { status, body: trial } = await ops('POST', '/api/monitoring/alert-rules/trial', body);
      expect({ metric, status }).toEqual({ metric, status: 200 });
      if (metric === 'unknown_orders')
        expect(trial).toMatchObject({ now: [{ subject: 'alipay', value: '1', isOver: true }] });
    }
  }, 60_000);

  test('is tried on the last day before it is saved: when it would have rung, and for how long', async () => {
    const then = (minutes: number) => new Date(clock.now().getTime() - minutes * 60_000);
    for (let no = 0; no < 6; no += 1) await order('ccb', 'failed', { createdTime: then(300) });
    const body = {
      rule: {
        code: 'x',
        name: 'x',
        nameEn: 'x',
        level: 'info',
        metric: 'success_rate',
        threshold: 80,
        channel: 'ccb',
      },
    };
    const { body: trial } = await ops<{ episodes: { from: string; to: string }[]; knowsPast: boolean }>(
      'POST',
      '/api/monitoring/alert-rules/trial',
      body,
    );
    expect(trial).toMatchObject({ knowsPast: true, episodes: [{ subject: '', worst: '0.00%' }] });
    const [episode] = trial.episodes;
    expect(Date.parse(episode?.to ?? '') - Date.parse(episode?.from ?? '')).toBe(600_000);
    expect(await rows('alert-event', { ruleCode: 'x' })).toEqual([]);
  });

  test('outside its hours a rule is silent, and a removed one leaves nothing ringing', async () => {
    const silent = await rule({
      metric: 'traffic',
      threshold: 1000,
      timeFrom: '00:00',
      timeTo: '00:01',
      workDays: '1',
    });
    const ringing = await rule({ metric: 'traffic', threshold: 1000 });
    await judge();
    expect(await moves(silent)).toEqual([]);
    expect(await moves(ringing)).toEqual([':firing']);
    await hospital.strapi().db.connection('alert_rules').where({ code: ringing }).delete();
    await judge();
    expect(await rows('message', { groupKey: `alert|${ringing}` })).toMatchObject([{ status: 'resolved' }]);
    expect(await rows('alert-state', { ruleCode: ringing })).toEqual([]);
  });

  const localTime = (minutes: number) =>
    new Date(clock.now().getTime() + (8 * 60 + minutes) * 60_000).toISOString().slice(11, 16);
  const localDay = (age: number) =>
    new Date(clock.now().getTime() + (8 - 24 * age) * 3_600_000).toISOString().slice(0, 10);
  const change = (code: string, fields: Row) =>
    hospital.strapi().db.connection('alert_rules').where({ code }).update(fields);

  test('what rings when its hours end goes on ringing, and is over when the rule looks again and sees so', async () => {
    const hours = { timeFrom: localTime(-1), timeTo: localTime(3) };
    const ringing = await rule({ metric: 'disk', threshold: 0, ...hours });
    const waiting = await rule({ metric: 'disk', threshold: 0, forMinutes: 10, ...hours });
    await judge();
    clock.turn(5 * 60_000);
    await judge();
    expect(await moves(ringing)).toEqual([':firing']);
    expect(await moves(waiting)).toEqual([':pending', ':ok']);
    expect(await rows('message', { groupKey: `alert|${ringing}` })).toMatchObject([{ status: 'open' }]);
    await change(ringing, { time_to: localTime(5), threshold: 100 });
    await judge();
    expect(await moves(ringing)).toEqual([':firing', ':resolved']);
  });

  test('that orders are missing is told once the rule’s hours have lasted as long as its window', async () => {
    const hours = { timeFrom: localTime(-10), timeTo: localTime(120) };
    const code = await rule({ metric: 'traffic', threshold: 1000, windowMinutes: 30, ...hours });
    await judge();
    expect(await moves(code)).toEqual([]);
    clock.turn(25 * 60_000);
    await judge();
    expect(await moves(code)).toEqual([':firing']);
  });

  const measured = async (fields: Row) => {
    const data = { code: 'x', name: 'x', nameEn: 'x', level: 'info', threshold: 0, channel: 'alipay' };
    const { body } = await ops<{ now: { value: string }[] }>('POST', '/api/monitoring/alert-rules/trial', {
      rule: { ...data, ...fields },
    });
    return body.now[0]?.value;
  };

  test('a bill that did not come is missing for a week, and not when it came after all', async () => {
    await order('alipay', 'paid', { settledOn: localDay(8), paidFen: 100 });
    expect(await measured({ metric: 'bill_missing' })).toBe('0');
    for (const age of [3, 2]) await order('alipay', 'paid', { settledOn: localDay(age), paidFen: 100 });
    const arrive = (age: number) =>
      insertRow(hospital.strapi().db.connection, 'bill_archives', {
        accountCode: 'alipay-1',
        date: localDay(age),
        kind: 'trade',
      });
    await arrive(2);
    expect(await measured({ metric: 'bill_missing' })).toBe('1');
    await arrive(3);
    expect(await measured({ metric: 'bill_missing' })).toBe('0');
  });

  test('a refund that fails long after it was asked for counts when it fails', async () => {
    const refundNo = newNo();
    await insertRow(hospital.strapi().db.connection, 'refunds', {
      refundNo,
      merchantRefundNo: refundNo,
      merchantCode,
      channel: 'alipay',
      status: 'failed',
      requestedAt: new Date(clock.now().getTime() - 5 * 3_600_000),
      updatedAt: new Date(clock.now().getTime() - 60_000),
    });
    expect(await measured({ metric: 'refund_failures', windowMinutes: 60 })).toBe('1');
    clock.turn(3_600_000);
    expect(await measured({ metric: 'refund_failures', windowMinutes: 60 })).toBe('0');
  });

  test('is fired for a test by who may change it', async () => {
    const code = await rule({ metric: 'disk', threshold: 100 });
    expect((await ops('POST', `/api/monitoring/alert-rules/${code}/test`)).status).toBe(200);
    expect(await rows('message', { groupKey: `alert|test:${code}` })).toMatchObject([
      { title: expect.stringContaining('测试') },
    ]);
    const cashier = await hospital.staff('cashier');
    expect((await cashier('POST', `/api/monitoring/alert-rules/${code}/test`)).status).toBe(403);
  });

  test('the history of rules is kept as long as messages are, and longer where a rule still fires', async () => {
    const db = hospital.strapi().db.connection;
    const always = { metric: 'disk', threshold: 0 };
    const [over, firing, lately] = [await rule(always), await rule(always), await rule(always)];
    await judge();
    await db('alert_rules').where({ code: over }).update({ enabled: false });
    await judge();
    expect(await moves(over)).toEqual([':firing', ':resolved']);
    const longAgo = dateValue(db, new Date(clock.now().getTime() - 430 * 24 * 3_600_000));
    await db('alert_events').whereIn('rule_code', [over, firing]).update({ at: longAgo });
    await db('alert_states').whereIn('rule_code', [over, firing]).update({ since_at: longAgo });
    expect(await monitoring(hospital.strapi()).messages.forget()).toEqual({ messages: 0, alertEvents: 2 });
    expect(await Promise.all([over, firing, lately].map(moves))).toEqual([[], [':firing'], [':firing']]);
    await db('alert_rules').whereIn('code', [over, firing, lately]).delete();
  });

  const grafana = async (body: string, key = secret) => {
    const timestamp = String(Math.floor(clock.now().getTime() / 1000));
    const signature = createHmac('sha256', key).update(`${timestamp}:${body}`).digest('hex');
    const response = await fetch(`${hospital.url}/api/monitoring/grafana`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [provisioned('header')]: signature,
        [provisioned('timestampHeader')]: timestamp,
      },
      body,
    });
    const answer: unknown = await response.json();
    return { status: response.status, answer };
  };
  const alertOf = (status: string, fingerprint = 'f1') => ({
    status,
    fingerprint,
    startsAt: '2026-11-26T04:00:00Z',
    labels: { alertname: 'a', severity: 'critical' },
    annotations: { summary: '退款失败', summary_en: 'Failed refunds' },
  });
  const ofGrafana = () => rows('message', { kind: 'grafana' });

  test('Grafana’s alerts land as messages, once each, and are closed when Grafana says so', async () => {
    const firing = JSON.stringify({ alerts: [alertOf('firing')] });
    expect(await grafana(firing)).toMatchObject({ status: 200, answer: { taken: 1 } });
    expect(await grafana(firing)).toMatchObject({ status: 200 });
    expect(await ofGrafana()).toMatchObject([
      { level: 'critical', title: '退款失败', titleEn: 'Failed refunds', count: 1, status: 'open' },
    ]);
    await grafana(JSON.stringify({ alerts: [alertOf('resolved')] }));
    expect(await ofGrafana()).toMatchObject([{ status: 'resolved' }]);
  });

  test('a stranger’s alert is refused, and of a broken one nothing that can be read is lost', async () => {
    expect(await grafana(JSON.stringify({ alerts: [alertOf('firing', 'f2')] }), 'another')).toMatchObject({
      status: 401,
      answer: {
        error: { details: { code: 'GRAFANA_SIGNATURE', zh: expect.any(String), en: expect.any(String) } },
      },
    });
    expect(
      await grafana(JSON.stringify({ alerts: [{ status: 'firing' }, alertOf('firing', 'f3')] })),
    ).toMatchObject({
      status: 400,
      answer: { error: { details: { code: 'GRAFANA_MALFORMED', taken: 1, malformed: 1 } } },
    });
    expect(await ofGrafana()).toMatchObject([
      { status: 'resolved' },
      { groupKey: 'grafana|f3' },
      { groupKey: 'grafana|malformed' },
    ]);
  });
});
