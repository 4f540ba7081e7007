import { describe, expect, test } from 'vitest';
import { configOf, shown, unitText } from './field';

const units = { day: '天', hour: '小时', minute: '分钟', second: '秒' };

describe('a figure is written as its unit has it', () => {
  test.each([
    [785185.42, 'currency:financial:¥', undefined, '¥785,185.42'],
    [-7.31, 'currency:financial:¥', undefined, '-¥7.31'],
    [12000, 'currency:financial:¥', 0, '¥12,000'],
    [0.9647, 'percentunit', 2, '96.47%'],
    [850, 'ms', 0, '850 ms'],
    [2200, 'ms', 0, '2.20 秒'],
    [42, 's', 0, '42 秒'],
    [5400, 's', 0, '2 小时'],
    [172800, 's', 0, '2 天'],
    [1536, 'bytes', undefined, '1.5 KiB'],
    [1234567, undefined, undefined, '1,234,567'],
    [1.23456, undefined, undefined, '1.23'],
  ])('%s %s', (value, unit, decimals, text) => {
    expect(unitText(value, unit, decimals, units)).toBe(text);
  });
});

describe('what a dashboard says of its fields', () => {
  const fields = {
    defaults: {
      unit: 's',
      thresholds: {
        steps: [
          { value: null, color: 'green' },
          { value: 10, color: 'red' },
        ],
      },
    },
    overrides: [
      {
        matcher: { id: 'byName', options: '金额' },
        properties: [{ id: 'unit', value: 'currency:financial:¥' }],
      },
      { matcher: { id: 'byRegexp', options: '/P50|P95/' }, properties: [{ id: 'unit', value: 'ms' }] },
      {
        matcher: { id: 'byName', options: '状态' },
        properties: [
          { id: 'mappings', value: [{ type: 'value', options: { failed: { text: '失败', color: 'red' } } }] },
        ],
      },
      { matcher: { id: 'byName', options: 'odd' }, properties: [{ id: 'thresholds', value: 'nonsense' }] },
    ],
  };
  const cell = (name: string, value: number | string | null, type: 'number' | 'text' = 'number') =>
    shown(value, { name, type }, configOf(fields, name), 'Asia/Shanghai', units);

  test('holds for all of them, unless an override says otherwise', () => {
    expect(cell('age', 5)).toEqual({ text: '5 秒', color: '#6ccf6a' });
    expect(cell('金额', 5).text).toBe('¥5.00');
    expect(cell('P95', 5).text).toBe('5 ms');
  });

  test('gives thresholds and mapped words their colours', () => {
    expect(cell('age', 10).color).toBe('#ff5c6c');
    expect(cell('状态', 'failed', 'text')).toEqual({ text: '失败', color: '#ff5c6c' });
  });

  test('is left out where it cannot be read', () => {
    expect(cell('odd', 12)).toEqual({ text: '12 秒', color: undefined });
  });

  test('nothing is a dash', () => {
    expect(cell('age', null)).toEqual({ text: '—', color: undefined });
  });

  test('moments are the hospital\u2019s', () => {
    const at = Date.parse('2026-03-01T16:00:00Z');
    expect(shown(at, { name: 'x', type: 'time' }, {}, 'Asia/Shanghai', units).text).toBe(
      '2026-03-02 00:00:00',
    );
  });
});
