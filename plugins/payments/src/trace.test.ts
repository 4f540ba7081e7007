import { expect, test } from '@jest/globals';
import { currentTrace, inTrace, traceHeaders, traceIdOf } from './trace';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a traceparent is read as W3C writes it, also of later versions', () => {
  expect(traceIdOf(`00-${traceId}-00f067aa0ba902b7-01`)).toBe(traceId);
  expect(traceIdOf(`01-${traceId}-00f067aa0ba902b7-01-later`)).toBe(traceId);
});

test.each([
  '',
  'nonsense',
  `00-${traceId}-00f067aa0ba902b7`,
  `ff-${traceId}-00f067aa0ba902b7-01`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`,
])('%p is no trace', (header) => {
  expect(traceIdOf(header)).toBeUndefined();
});

test('work carries its trace through what it waits for, and calls out under it', async () => {
  await inTrace(traceId, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(currentTrace()).toBe(traceId);
    expect(traceIdOf(traceHeaders().traceparent ?? '')).toBe(traceId);
    await inTrace(null, async () => expect(traceHeaders()).toEqual({}));
  });
  expect(currentTrace()).toBeNull();
});
