import { describe, expect, test } from '@jest/globals';
import { scrub, storable } from './scrub';

const code = '280000000000001234';
const wechatCode = '130000000000001234';

describe('scrub', () => {
  test.each([
    ['a bare payment code', code, code],
    ['a WeChat code in JSON', `{"auth_code":"${wechatCode}"}`, wechatCode],
    ['JSON inside JSON', JSON.stringify({ biz_content: JSON.stringify({ auth_code: code }) }), code],
    [
      'JSON inside a form',
      `app_id=1&biz_content=${encodeURIComponent(JSON.stringify({ auth_code: code }))}`,
      code,
    ],
    ['a form', `auth_code=${code}&total_fee=1`, code],
    ['XML', `<xml><auth_code><![CDATA[${wechatCode}]]></auth_code></xml>`, wechatCode],
    ['a URL', `https://gateway/pay?auth_code=${code}`, code],
    [
      'a bank card',
      '{"account":"6222020000000000000"}'.replace('6222020000000000000', '6222021234567890128'),
      '6222021234567890128',
    ],
    ['an identity number', '{"payer":"11010519491231002X"}', '11010519491231002X'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----', 'MIIEvQ'],
    ['a key that was cut', '-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ', 'MIIEvQ'],
    ['a secret by name', '{"apiV3Key":"0123456789abcdef0123456789abcdef"}', '0123456789abcdef'],
    ['a patient by name of the field', '{"patientName":"王小明","cardNo":"0003276083"}', '王小明'],
    ['a patient written in escapes', String.raw`{"patientName":"\u738b\u5c0f\u660e"}`, '738b'],
    ['what follows an escaped quote', String.raw`{"patientName":"a\"王小明"}`, '王小明'],
    ['escapes in JSON inside JSON', JSON.stringify(String.raw`{"patientName":"\u738b\"小明"}`), '小明'],
    ['a number of a card', '{"cardNo": 3276083,"a":1}', '3276083'],
    ['a number in JSON inside JSON', JSON.stringify('{"mobile":13800138000}'), '13800138000'],
    ['an encoded number', `x=${encodeURIComponent('{"mobile":13800138000}')}`, '13800138000'],
    [
      'an encoded patient',
      `x=${encodeURIComponent('{"patient_name":"王小明"}')}`,
      encodeURIComponent('王小明'),
    ],
  ])('hides %s', (_, text, secret) => {
    expect(scrub(text)).not.toContain(secret);
  });

  test.each([
    '{"out_trade_no":"1301178801201810182143077001754","total_amount":"19.99"}',
    '{"trade_no":"2026112222001412341234123456"}',
    '{"transaction_id":"4200002345202611221234567890"}',
    '{"time_end":"20261122123000","code":"10000"}',
    '20181018070353264912',
  ])('leaves %s alone', (text) => {
    expect(scrub(text)).toBe(text);
  });

  test('leaves the numbers of the order itself alone, whatever they look like', () => {
    expect(scrub(`{"out_trade_no":"${code}"}`, [code])).toContain(code);
  });

  test('leaves what it hid from JSON at any depth, and everything around it', () => {
    const order = { cardNo: 3276083, patientName: '王"小明', mobile: '13800138000', fee: 1 };
    const hidden = { cardNo: '****', patientName: '****', mobile: '****8000', fee: 1 };
    expect(JSON.parse(scrub(JSON.stringify(order)))).toEqual(hidden);
    const outer: { biz: string; fee: number } = JSON.parse(
      scrub(JSON.stringify({ biz: JSON.stringify(order), fee: 2 })),
    );
    expect({ ...outer, biz: JSON.parse(outer.biz) }).toEqual({ biz: hidden, fee: 2 });
  });

  test('reads a run of 100,000 backslashes once', () => {
    const run = '\\'.repeat(100_000);
    expect(scrub(`${run}{"mobile":"13800138000"}${run}`)).toBe(`${run}{"mobile":"****8000"}${run}`);
  });

  test('what is stored has an end and no NUL', () => {
    expect(storable('a\u0000b', 10)).toBe('ab');
    expect(storable('x'.repeat(11), 10)).toBe('xxxxxxxxxx… (11)');
  });
});
