import { describe, expect, test } from '@jest/globals';
import { isBetween, onDuty, quietUntil } from './duty';
import { createGuard } from './guard';
import { recipientsOf, stepAfter } from './plan';
import { routeRow } from './rows';
import { cutBytes, readRobot } from './targets/kind';
import { render, unknownVariables, usualTemplate, type Variables } from './template';

const zone = 'Asia/Shanghai';
const at = (text: string) => new Date(`${text}+08:00`);
const values: Variables = {
  state: '告警',
  level: '警告',
  kind: 'x',
  title: 't',
  detail: '',
  orderNo: '',
  count: '1',
  at: '',
  lastAt: '',
  id: '1',
};

describe('a template', () => {
  test('knows its own variables only', () => {
    expect(unknownVariables('{{title}} {{ secret }} {{count}}')).toEqual(['secret']);
    expect(Object.values(usualTemplate).flatMap((text) => unknownVariables(String(text)))).toEqual([]);
  });
  test('leaves out a line whose variables are all empty, and reads no value as a template', () => {
    const text = render('{{detail}}\n订单：{{orderNo}}\n固定', { ...values, detail: '{{title}}' });
    expect(text).toBe('{{title}}\n固定');
  });
});

describe('the duty roster', () => {
  const shift = (username: string, part: object) => ({
    username,
    weekday: null,
    date: null,
    timeFrom: '08:00',
    timeTo: '20:00',
    mobile: null,
    email: null,
    ...part,
  });
  const roster = [
    shift('day', { weekday: 'thu' }),
    shift('night', { weekday: 'thu', timeFrom: '20:00', timeTo: '08:00' }),
    shift('feast', { date: '2026-12-03' }),
  ];
  const names = (text: string) => onDuty(roster, at(text), zone).map(({ username }) => username);

  test.each([
    ['2026-11-26T08:00:00', ['day']],
    ['2026-11-26T20:00:00', ['night']],
    ['2026-11-27T07:59:00', ['night']],
    ['2026-11-27T08:00:00', []],
    ['2026-12-03T09:00:00', ['feast']],
    ['2026-12-03T21:00:00', []],
  ])('at %s it is %p', (text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  test('quiet hours end the next morning, and do not hold outside', () => {
    const quiet = { quietFrom: '22:00', quietTo: '07:00' };
    expect(quietUntil(quiet, at('2026-11-26T23:00:00'), zone)).toEqual(at('2026-11-27T07:00:00'));
    expect(quietUntil(quiet, at('2026-11-27T06:59:00'), zone)).toEqual(at('2026-11-27T07:00:00'));
    expect(quietUntil(quiet, at('2026-11-27T07:00:00'), zone)).toBeNull();
    expect(isBetween(0, '00:00', '00:00')).toBe(true);
  });
});

describe('who is told', () => {
  const rule = (fields: object) =>
    routeRow.parse({ name: 'r', minLevel: 'warning', roles: 'ops', ...fields });
  const world = (routes: ReturnType<typeof rule>[]) => ({
    routes,
    roster: [
      {
        username: 'on',
        weekday: 'thu' as const,
        date: null,
        timeFrom: '00:00',
        timeTo: '23:59',
        mobile: '138',
        email: null,
      },
    ],
    staff: [
      { username: 'on', roles: ['ops'] },
      { username: 'off', roles: ['ops'] },
    ],
    targets: [
      { code: 'robot', addresses: null, onDuty: null },
      { code: 'sms', addresses: ['139'], onDuty: 'mobile' as const },
    ],
    zone,
  });
  const message = { kind: 'integrity', level: 'warning' as const, groupKey: 'integrity|' };
  const now = at('2026-11-26T12:00:00');
  const who = (routes: ReturnType<typeof rule>[], about: object = {}) =>
    recipientsOf({ ...message, ...about }, 1, world(routes), now).map(
      ({ targetCode, recipient }) => `${targetCode}:${recipient}`,
    );

  test('is everybody with the role, or who is on duty alone, or all of them when nobody is', () => {
    expect(who([rule({})])).toEqual(['in-app:on', 'in-app:off']);
    expect(who([rule({ dutyOnly: true })])).toEqual(['in-app:on']);
    expect(who([rule({ dutyOnly: true, roles: '', usernames: 'off' })])).toEqual(['in-app:off']);
  });
  test('depends on kind and level, and is told once however many rules say so', () => {
    expect(who([rule({ kinds: 'his_silent' }), rule({ minLevel: 'critical' })])).toEqual([]);
    expect(who([rule({ targets: 'robot' }), rule({ targets: 'robot,sms' })])).toEqual([
      'in-app:on',
      'in-app:off',
      'robot:null',
      'sms:139',
      'sms:138',
    ]);
  });
  test('is not told through a target that it does not work', () => {
    const about = { kind: 'delivery_failed', groupKey: 'delivery_failed|robot' };
    expect(who([rule({ targets: 'robot,sms', roles: '' })], about)).toEqual(['sms:139', 'sms:138']);
  });
  test('steps come in their order, from when the message came up', () => {
    const routes = [rule({}), rule({ step: 2, afterMinutes: 15 }), rule({ step: 4, afterMinutes: 60 })];
    const up = { ...message, at: now };
    expect(stepAfter({ ...up, step: 0 }, routes)).toEqual({ step: 1, at: now });
    expect(stepAfter({ ...up, step: 1 }, routes)).toEqual({ step: 2, at: at('2026-11-26T12:15:00') });
    expect(stepAfter({ ...up, step: 2 }, routes)).toEqual({ step: 4, at: at('2026-11-26T13:00:00') });
    expect(stepAfter({ ...up, step: 4 }, routes)).toBeNull();
  });
});

describe('the guard of addresses', () => {
  const lookup = (guard: ReturnType<typeof createGuard>, name: string) =>
    new Promise<string>((resolve) =>
      guard.lookup(name, {}, (error, address) => resolve(error ? error.name : String(address))),
    );
  test.each([
    '127.0.0.1',
    '10.0.0.8',
    '169.254.169.254',
    '192.168.1.1',
    '[::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
  ])('refuses %s in production', (host) => {
    expect(() => createGuard([], false).checkHost(host)).toThrow('is not an address');
    expect(() => createGuard([], true).checkHost(host)).not.toThrow();
  });
  test('lets through what the house allows by network, address or name, and the world outside', async () => {
    const guard = createGuard(['10.1.0.0/16', '192.168.7.7', 'localhost'], false);
    for (const host of ['10.1.2.3', '192.168.7.7', '203.0.113.9'])
      expect(() => guard.checkHost(host)).not.toThrow();
    expect(() => guard.checkHost('10.2.0.1')).toThrow();
    expect(await lookup(guard, 'localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await lookup(createGuard([], false), 'localhost')).toBe('BlockedAddress');
  });
});

test('a robot’s text is cut by bytes and never within a character', () => {
  const cut = cutBytes('退'.repeat(1000), 2048);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(2048);
  expect(cut).toMatch(/^退+…$/);
});

test('a robot that is busy is asked again, one that refuses is not, and nonsense may have been taken', () => {
  const read = (body: string) => readRobot({ status: 200, body }, [45009]).kind;
  expect(read('{"errcode":0}')).toBe('delivered');
  expect(read('{"code":0,"msg":"success"}')).toBe('delivered');
  expect(read('{"errcode":45009}')).toBe('retry');
  expect(read('{"errcode":93000,"errmsg":"invalid webhook url"}')).toBe('refused');
  expect(read('<html>')).toBe('unknown');
});
