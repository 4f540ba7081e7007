import { describe, expect, test } from '@jest/globals';
import { hide, maskedText, quoteLongNumbers } from './masking';

describe('bodies as the log keeps them', () => {
  test('named fields are covered wherever they stand', () => {
    const text = JSON.stringify({ a: [{ token: { pan: '4111' } }], b: 'seen' });
    expect(maskedText(text, { token: hide })).toBe('{"a":[{"token":"***"}],"b":"seen"}');
  });

  test('what is no JSON is not kept', () => {
    expect(maskedText('secret=1', {})).toBe('(8 characters)');
    expect(maskedText('{"pan":"4111', { pan: hide })).toBe('(12 characters)');
  });

  test('numbers longer than a number can be stay whole, texts stay texts', () => {
    const read = JSON.parse(
      quoteLongNumbers('{"id":2019060112345678910,"s":"x 1234567890123456789 \\" 12","n":12.5}'),
    );
    expect(read).toEqual({ id: '2019060112345678910', s: 'x 1234567890123456789 " 12', n: 12.5 });
  });
});
