import { expect, test } from 'vitest';
import { createEventReader } from './stream';

test('events are cut out of text in whatever pieces it comes', () => {
  const text =
    'retry: 3000\n\nid: 1\nevent: figures\ndata: {"a":1}\n\n: still here\n\nevent: end\ndata: {}\n\n';
  const whole = createEventReader()(text);
  expect(whole).toEqual([
    { event: 'figures', data: '{"a":1}' },
    { event: 'end', data: '{}' },
  ]);
  const cut = createEventReader();
  expect([...text].flatMap((letter) => cut(letter))).toEqual(whole);
});
