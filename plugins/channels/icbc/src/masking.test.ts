import { expect, test } from '@jest/globals';
import { masked, maskedText } from './masking';

const body = {
  return_code: '0',
  qr_code: '134567890123456789',
  open_id: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  attach: '张三门诊',
};

test('an answer that does not verify is kept as masked as one that does', () => {
  const raw = `{"response_biz_content":${JSON.stringify(body)},"sign":"c2lnbg=="}`;
  expect(maskedText(raw)).toBe(`{"response_biz_content":${masked(body)},"sign":"c2lnbg=="}`);
  expect(masked(body)).not.toMatch(/34567890|M2pxb1Q9|三门诊/);
});

test('an answer cut off within a masked field, or with quotes in one, shows none of it', () => {
  expect(maskedText('{"open_id":"oUpF8uMuAJO_M2pxb1Q9')).not.toContain('MuAJO_M2');
  const nested = JSON.stringify({ wx_data_package: JSON.stringify({ paySign: 'secret' }) });
  expect(maskedText(nested)).toBe('{"wx_data_package":"***"}');
  expect(maskedText('<html>502 Bad Gateway</html>')).toBe('(28 characters)');
});
