import { expect, test } from '@jest/globals';
import { maskedText } from './masking';

test.each([
  '{"alipay_trade_pay_response":{"buyer_user_id":"2088102146225135"',
  '<html>2088102146225135</html>',
  'auth_code=281234567890123456',
])('of %s, which cannot be read, the log keeps no more than how long it was', (text) => {
  expect(maskedText(text)).toBe(`(${text.length} characters)`);
});
