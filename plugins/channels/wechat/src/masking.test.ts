import { describe, expect, test } from '@jest/globals';
import { maskJson, maskUrl, maskXml } from './masking';

describe('what the interface log keeps', () => {
  test('a payment code keeps its first two and last four digits', () => {
    expect(maskJson('{"payer":{"auth_code":"134567890123456789"}}')).toBe(
      '{"payer":{"auth_code":"13************6789"}}',
    );
    expect(maskXml('<xml><auth_code>134567890123456789</auth_code></xml>')).toContain('13************6789');
  });

  test('openids, signatures and ciphertexts are covered', () => {
    const kept = maskJson(
      '{"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"paySign":"abc","ciphertext":"xyz"}',
    );
    expect(kept).not.toMatch(/MuAJO|abc|xyz/);
    const xml = maskXml(
      '<xml><openid><![CDATA[oUpF8uMuAJO_M2pxb1Q9zNjWeS6o]]></openid><sign>ABCDEF</sign></xml>',
    );
    expect(xml).not.toMatch(/MuAJO|ABCDEF/);
  });

  test('titles and reasons keep their first character: people write names into them', () => {
    expect(maskJson('{"description":"张三的门诊费","reason":"张三退号"}')).toBe(
      '{"description":"张**","reason":"张**"}',
    );
    expect(maskXml('<xml><body><![CDATA[张三的门诊费]]></body></xml>')).toContain('<body>张**</body>');
  });

  test.each([
    '{"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"',
    '<xml><auth_code>134567890123456789</auth_code><openid>oUpF8uMuAJO',
    '<html>oUpF8uMuAJO</html>',
    'auth_code=134567890123456789',
  ])('of %s, which cannot be read, no more than how long it was', (text) => {
    expect(maskJson(text)).toBe(`(${text.length} characters)`);
    expect(maskXml(text)).toBe(`(${text.length} characters)`);
  });

  test('the token that opens a bill is covered', () => {
    expect(maskUrl('https://api.mch.weixin.qq.com/v3/billdownload/file?token=secret&x=1')).not.toContain(
      'secret',
    );
    expect(maskJson('{"download_url":"https://h/f?token=secret"}')).not.toContain('secret');
  });
});
