import { createHmac } from 'node:crypto';
import { defectsOf } from '@hospital-pay/payments';
import { describe, expect, test } from '@jest/globals';
import { defaultRules } from './defaults';
import { readGrafana, verifyGrafana } from './grafana';
import { metrics } from './measures';
import { alertRule } from './rule';
import { alertMoves, alertStatuses, nextStatus } from './states';

const now = new Date('2026-11-26T04:00:00Z');

describe('the states of a rule', () => {
  test('can all be reached', () => {
    expect(defectsOf(alertMoves, 'ok')).toEqual([]);
  });
  test('are only ever left as the table says', () => {
    for (const status of alertStatuses)
      for (const isOver of [true, false])
        for (const minutes of [0, 5])
          for (const ago of [0, 4, 5, -9]) {
            const sinceAt = new Date(now.getTime() - ago * 60_000);
            const to = nextStatus({ status, sinceAt }, isOver, now, minutes);
            expect([status, ...alertMoves[status]]).toContain(to);
          }
  });
  test('wait as long as the rule says before anybody is told', () => {
    const pending = { status: 'pending' as const, sinceAt: now };
    const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
    expect(nextStatus({ status: 'ok', sinceAt: now }, true, now, 5)).toBe('pending');
    expect(nextStatus(pending, true, later(4), 5)).toBe('pending');
    expect(nextStatus(pending, true, later(5), 5)).toBe('firing');
    expect(nextStatus(pending, false, later(1), 5)).toBe('ok');
    expect(nextStatus({ status: 'resolved', sinceAt: now }, true, now, 0)).toBe('firing');
  });
});

test('every default rule is a valid one, and every metric has one', () => {
  for (const rule of defaultRules) expect(alertRule.safeParse(rule).success).toBe(true);
  expect(new Set(defaultRules.map(({ metric }) => metric))).toEqual(new Set(Object.keys(metrics)));
});

describe('what Grafana sends', () => {
  const secret = 'grafana-secret';
  const body = '{"alerts":[]}';
  const seconds = String(now.getTime() / 1000);
  const sign = (text: string) => createHmac('sha256', secret).update(text).digest('hex');

  test('is taken when it is signed over its time and body, within five minutes', () => {
    const signature = sign(`${seconds}:${body}`);
    expect(verifyGrafana({ body, signature, timestamp: seconds }, secret, now)).toBe('ok');
    expect(verifyGrafana({ body: `${body} `, signature, timestamp: seconds }, secret, now)).toBe('bad');
    expect(verifyGrafana({ body, signature: sign(body), timestamp: '' }, secret, now)).toBe('bad');
    expect(verifyGrafana({ body, signature: '', timestamp: seconds }, secret, now)).toBe('bad');
    const later = new Date(now.getTime() + 301_000);
    expect(verifyGrafana({ body, signature, timestamp: seconds }, secret, later)).toBe('stale');
  });

  test('is read alert by alert, and what cannot be read is kept', () => {
    const alert = {
      status: 'firing',
      fingerprint: 'f1',
      startsAt: '2026-11-26T04:00:00Z',
      labels: { alertname: 'x', severity: 'critical', channel: 'wechat' },
      annotations: { summary: '渠道成功率低于 90%', description: '看错误码' },
    };
    const read = readGrafana(
      JSON.stringify({ alerts: [alert, { status: 'odd' }, { ...alert, status: 'resolved' }] }),
    );
    expect(read.alarms).toMatchObject([
      { level: 'critical', about: 'f1', isOver: false, zh: '渠道成功率低于 90% wechat 看错误码' },
      { level: 'info', about: 'f1', isOver: true },
    ]);
    expect(read.malformed).toEqual(['{"status":"odd"}']);
    expect(readGrafana('<html>')).toEqual({ alarms: [], malformed: ['<html>'] });
    expect(readGrafana('{}').malformed).toEqual(['{}']);
  });
});
