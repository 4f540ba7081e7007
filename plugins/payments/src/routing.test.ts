import { describe, expect, test } from '@jest/globals';
import { rankRoutes } from './routing';
import type { RouteRow } from './store';

let id = 0;
const route = (fields: Partial<RouteRow>): RouteRow => ({
  id: ++id,
  merchantCode: 'H001',
  channel: 'alipay',
  scene: null,
  terminalCode: null,
  department: null,
  accountCode: 'a',
  priority: 100,
  ...fields,
});
const wanted = { scene: 'native', terminalCode: 'W01', department: '内科', channels: new Set(['alipay']) };
const best = (...routes: RouteRow[]) => rankRoutes(routes, wanted)[0]?.accountCode;

describe('routes', () => {
  test('the most specific one wins: terminal, then department, then scene', () => {
    const terminal = route({ accountCode: 'terminal', terminalCode: 'W01' });
    const department = route({ accountCode: 'department', department: '内科', scene: 'native' });
    const scene = route({ accountCode: 'scene', scene: 'native', priority: 1 });
    expect(best(route({}), scene, department, terminal)).toBe('terminal');
    expect(best(route({}), scene, department)).toBe('department');
    expect(best(route({}), scene)).toBe('scene');
  });

  test('among equals the lower priority number wins, then the older', () => {
    expect(best(route({ accountCode: 'b' }), route({ accountCode: 'c', priority: 1 }))).toBe('c');
    expect(best(route({ accountCode: 'older' }), route({ accountCode: 'newer' }))).toBe('older');
  });

  test('a route of another terminal, department, scene or channel does not fit', () => {
    expect(
      best(
        route({ terminalCode: 'W02' }),
        route({ department: '外科' }),
        route({ scene: 'micropay' }),
        route({ channel: 'wechat' }),
      ),
    ).toBeUndefined();
  });
});
