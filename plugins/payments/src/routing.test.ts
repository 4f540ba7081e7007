import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CircuitState } from './circuits';
import type { ChannelManifest } from './contract';
import { candidateChannels, judgeRoutes, type Wanted } from './routing';
import type { RouteRow } from './store';

let id = 0;
const route = (fields: Partial<RouteRow>): RouteRow => ({
  id: ++id,
  name: fields.accountCode ?? 'a',
  merchantCode: 'H001',
  channel: 'alipay',
  scene: null,
  terminalCode: null,
  department: null,
  amountFromFen: null,
  amountToFen: null,
  timeFrom: null,
  timeTo: null,
  accountCode: 'a',
  priority: 100,
  weight: 1,
  ...fields,
});
const order: Wanted = {
  scene: 'native',
  terminalCode: 'W01',
  department: '内科',
  amountFen: 5000,
  minute: 9 * 60,
  channels: new Set(['alipay']),
  disabledChannels: new Set(),
  seed: 'H001 1',
};
const answering = (routes: RouteRow[]) =>
  new Map<string, CircuitState>(routes.map(({ accountCode }) => [accountCode, 'closed']));

function judge(routes: RouteRow[], wanted: Partial<Wanted> = {}, states: [string, CircuitState][] = []) {
  const accounts = new Map([...answering(routes), ...states]);
  const judged = judgeRoutes(routes, { ...order, ...wanted }, accounts);
  return {
    best: judged.find(({ verdict }) => verdict === 'chosen')?.route.accountCode,
    verdicts: judged.map(({ verdict }) => verdict),
  };
}

describe('channels', () => {
  test('an insurer takes its part of a mixed payment and nothing else', () => {
    const manifest = (code: string, more: Partial<ChannelManifest> = {}): ChannelManifest => ({
      code,
      title: { zh: code, en: code },
      logName: code,
      currency: 'CNY',
      zone: 'Asia/Shanghai',
      scenes: ['native'],
      verbs: [],
      config: { type: 'object', required: [], properties: {} },
      errors: {},
      connect: () => {
        throw new Error('not connected here');
      },
      ...more,
    });
    const manifests = new Map(
      [manifest('cash'), manifest('insurer', { insurance: 'before cash' })].map((each) => [each.code, each]),
    );
    expect(candidateChannels({ scene: 'native' }, manifests)).toEqual(new Set(['cash']));
    expect(candidateChannels({ scene: 'native', insurance: 'before cash' }, manifests)).toEqual(
      new Set(['insurer']),
    );
    expect(() => candidateChannels({ scene: 'native', channel: 'insurer' }, manifests)).toThrow(
      'SCENE_NOT_OFFERED',
    );
  });
});

describe('routes', () => {
  test('the most specific one wins: terminal, department, scene, amount, time of day', () => {
    const routes = [
      route({}),
      route({ accountCode: 'time', timeFrom: '08:00' }),
      route({ accountCode: 'amount', amountFromFen: 1000 }),
      route({ accountCode: 'scene', scene: 'native', priority: 1 }),
      route({ accountCode: 'department', department: '内科', scene: 'native' }),
      route({ accountCode: 'terminal', terminalCode: 'W01' }),
    ];
    const winners = routes.map((_, index) => judge(routes.slice(0, index + 1)).best);
    expect(winners).toEqual(['a', 'time', 'amount', 'scene', 'department', 'terminal']);
  });

  test('a disabled channel is left out, and its routes say so', () => {
    const routes = [route({ priority: 1 }), route({ channel: 'wechat', accountCode: 'b' })];
    const wanted = { channels: new Set(['alipay', 'wechat']), disabledChannels: new Set(['alipay']) };
    expect(judge(routes, wanted).verdicts).toEqual(['channel_disabled', 'chosen']);
  });

  test('each that does not fit says why', () => {
    const { verdicts } = judge([
      route({ channel: 'wechat' }),
      route({ scene: 'micropay' }),
      route({ terminalCode: 'W02' }),
      route({ department: '外科' }),
      route({ amountFromFen: 5001 }),
      route({ amountToFen: 4999 }),
      route({ timeFrom: '09:01' }),
      route({ timeTo: '09:00' }),
    ]);
    expect(verdicts).toEqual([
      'other_channel',
      'other_scene',
      'other_terminal',
      'other_department',
      'other_amount',
      'other_amount',
      'other_time',
      'other_time',
    ]);
  });

  test('amounts are included on both ends; a span of time may run past midnight', () => {
    const exact = [route({ amountFromFen: 5000, amountToFen: 5000 })];
    expect(judge(exact).best).toBe('a');
    const night = [route({ timeFrom: '22:00', timeTo: '06:00' })];
    const at = (minute: number) => judge(night, { minute }).best;
    expect([at(22 * 60), at(0), at(6 * 60 - 1)]).toEqual(['a', 'a', 'a']);
    expect([at(6 * 60), at(22 * 60 - 1)]).toEqual([undefined, undefined]);
  });

  test('among equals the lower priority number wins', () => {
    const { best, verdicts } = judge([route({ accountCode: 'b' }), route({ accountCode: 'c', priority: 1 })]);
    expect(best).toBe('c');
    expect(verdicts).toEqual(['lower_priority', 'chosen']);
  });

  test('an account that is disabled or has stopped answering is passed over, even by a less specific route', () => {
    const routes = [route({ accountCode: 'own', terminalCode: 'W01' }), route({ accountCode: 'spare' })];
    expect(judge(routes, {}, [['own', 'open']])).toEqual({
      best: 'spare',
      verdicts: ['circuit_open', 'chosen'],
    });
    expect(judge(routes, {}, [['own', 'trial']]).best).toBe('own');
    const disabled = judgeRoutes(routes, order, new Map([['spare', 'closed']]));
    expect(disabled.map(({ verdict }) => verdict)).toEqual(['account_disabled', 'chosen']);
  });

  test('when no account answers the best is asked all the same', () => {
    const routes = [route({ accountCode: 'own', terminalCode: 'W01' }), route({ accountCode: 'spare' })];
    const states: [string, CircuitState][] = [
      ['own', 'open'],
      ['spare', 'open'],
    ];
    expect(judge(routes, {}, states).best).toBe('own');
  });

  test('equals share by weight, the same order always the same way, and one of weight 0 only stands by', () => {
    const routes = [
      route({ accountCode: 'three', weight: 3 }),
      route({ accountCode: 'one', weight: 1 }),
      route({ accountCode: 'spare', weight: 0 }),
    ];
    const taken = new Map<string | undefined, number>();
    for (let number = 0; number < 4000; number++) {
      const { best } = judge(routes, { seed: `H001 M${number}` });
      taken.set(best, (taken.get(best) ?? 0) + 1);
    }
    expect(taken.get('spare')).toBeUndefined();
    expect(taken.get('three')).toBeGreaterThan(2850);
    expect(taken.get('three')).toBeLessThan(3150);
    expect(judge(routes, { seed: 'again' })).toEqual(judge(routes, { seed: 'again' }));
    expect(judge(routes, { seed: undefined }).verdicts).toEqual(['sharing', 'sharing', 'sharing']);
    expect(judge([route({ accountCode: 'spare', weight: 0 })], { seed: undefined }).best).toBe('spare');
  });

  test('whatever the routes, exactly one is chosen when any fits an enabled account', () => {
    const some = fc.record({
      channel: fc.constantFrom('alipay', 'wechat'),
      scene: fc.constantFrom('native' as const, 'micropay' as const, null),
      terminalCode: fc.constantFrom('W01', 'W02', null),
      accountCode: fc.constantFrom('a', 'b', 'c'),
      priority: fc.integer({ min: 1, max: 3 }),
      weight: fc.integer({ min: 0, max: 3 }),
      amountToFen: fc.constantFrom(4999, 5000, null),
    });
    const state = fc.constantFrom<(CircuitState | undefined)[]>('closed', 'open', 'trial', undefined);
    fc.assert(
      fc.property(fc.array(some, { maxLength: 8 }), fc.tuple(state, state, state), (fields, states) => {
        const accounts = new Map(
          ['a', 'b', 'c'].flatMap((code, index) => {
            const known = states[index];
            return known ? [[code, known] as const] : [];
          }),
        );
        const judged = judgeRoutes(fields.map(route), order, accounts);
        const chosen = judged.filter(({ verdict }) => verdict === 'chosen');
        const isPossible = judged.some(({ verdict }) => !/^other_|account_disabled/.test(verdict));
        expect(chosen).toHaveLength(isPossible ? 1 : 0);
        for (const { route: taken } of chosen) expect(accounts.has(taken.accountCode)).toBe(true);
      }),
    );
  });
});
