import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from './config';
import { readNotification } from './notification';
import { signText, stringToSign } from './signing';

const bank = generateKeyPairSync('rsa', { modulusLength: 2048 });
const hospital = generateKeyPairSync('rsa', { modulusLength: 2048 });
const settings = readSettings({
  appId: '10000000000000001',
  merId: '020001020001',
  privateKey: hospital.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  gatewayPublicKey: bank.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
});
const now = new Date('2024-01-02T03:10:00+08:00');
const url = 'https://pay.hospital.test/api/notify/ICBC01';
const biz = {
  return_code: '0',
  msg_id: 'm1',
  mer_id: '020001020001',
  out_trade_no: '202401020304050000000001',
  order_id: '020001020001000712401020000001',
  total_amt: '1234',
  pay_time: '20240102030409',
};

function message(changes: Record<string, string> = {}, path = '/api/notify/ICBC01') {
  const form: Record<string, string> = {
    from: 'icbc-api',
    api: '/api/qrcode/V2/generate',
    app_id: '10000000000000001',
    charset: 'UTF-8',
    format: 'json',
    timestamp: '2024-01-02 03:04:10',
    biz_content: JSON.stringify(biz),
    sign_type: 'RSA',
    ...changes,
  };
  form.sign = signText(stringToSign(path, form), 'RSA', bank.privateKey);
  return form;
}
const read = (form: Record<string, string>) =>
  readNotification(
    { headers: {}, body: Buffer.from(new URLSearchParams(form).toString()) },
    settings,
    url,
    now,
  );

describe('an ICBC notification', () => {
  test('is read, and acknowledged under our signature with its own message number', () => {
    expect(read(message())).toMatchObject({
      kind: 'event',
      notificationId: `${biz.order_id}-0`,
      event: {
        kind: 'payment',
        attemptNo: biz.out_trade_no,
        outcome: { kind: 'paid', amount: 1234, paidAt: new Date('2024-01-02T03:04:09+08:00') },
      },
      accepted: {
        status: 200,
        body: expect.stringMatching(/^\{"response_biz_content":\{"return_code":0,.*"m1"\},/),
      },
      retry: { status: 500 },
    });
  });

  test('forged, altered, sent to another address or signed without RSA is refused with -12345', () => {
    const altered = { ...message(), biz_content: JSON.stringify({ ...biz, total_amt: '1' }) };
    const forgeries = [
      altered,
      message({}, '/api/notify/ICBC02'),
      { ...message(), sign: '' },
      { ...message(), sign_type: 'MD5' },
    ];
    for (const form of forgeries) {
      expect(read(form)).toMatchObject({
        kind: 'rejected',
        code: 'BAD_SIGNATURE',
        answer: { body: expect.stringContaining('"return_code":-12345') },
      });
    }
  });

  test('meant for somebody else, encrypted or without an amount is refused', () => {
    const code = (form: Record<string, string>) => {
      const reading = read(form);
      return reading.kind === 'rejected' ? reading.code : reading.kind;
    };
    expect(code(message({ app_id: '2' }))).toBe('APP_ID');
    expect(code(message({ encrypt_type: 'AES' }))).toBe('ENCRYPTED');
    expect(code(message({ biz_content: JSON.stringify({ ...biz, mer_id: '1' }) }))).toBe('MERCHANT');
    expect(code(message({ biz_content: JSON.stringify({ ...biz, total_amt: '12.34' }) }))).toBe('MALFORMED');
    expect(code(message({ biz_content: '{' }))).toBe('MALFORMED');
  });
});

test('a configuration with our own public key in the bank’s place is refused by name', () => {
  const own = hospital.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const privateKey = hospital.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  expect(() => readSettings({ appId: '1', merId: '2', privateKey, gatewayPublicKey: own })).toThrow(
    /own public key/,
  );
});
