import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AlipaySdk, type AlipaySdkConfig } from 'alipay-sdk';
import WechatPay from 'wechatpay-node-v3';
import { channelConfigs, createSandbox, generateCredentials, type Sandbox } from './index';

const credentials = generateCredentials({ wechat: { verifyMode: 'certificate' } });
let sandbox: Sandbox;
let server: Awaited<ReturnType<Sandbox['listen']>>;

beforeAll(async () => {
  sandbox = createSandbox({ credentials, billReadyHour: 0, billsForToday: true, refundSettleMs: 0 });
  server = await sandbox.listen();
});
afterAll(async () => {
  sandbox.destroy();
  await server.close();
});

function alipaySdk(mode: 'key' | 'cert', changes: Partial<AlipaySdkConfig> = {}): AlipaySdk {
  const { alipay } = channelConfigs(credentials, server.baseUrl);
  const trust =
    mode === 'key'
      ? { alipayPublicKey: alipay.alipayPublicKey }
      : {
          appCertContent: alipay.appCert,
          alipayPublicCertContent: alipay.alipayPublicCert,
          alipayRootCertContent: alipay.alipayRootCert,
        };
  return new AlipaySdk({
    appId: alipay.appId,
    privateKey: alipay.privateKey,
    keyType: 'PKCS8',
    gateway: alipay.gateway,
    ...trust,
    ...changes,
  });
}

/** The SDK writes its timestamp in the zone of the process. */
function chinaNow(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

const exec = (sdk: AlipaySdk, method: string, bizContent: Record<string, unknown>) =>
  sdk.exec(method, { timestamp: chinaNow(), bizContent }, { validateSign: true });

describe('the real Alipay SDK against the sandbox', () => {
  for (const mode of ['key', 'cert'] as const) {
    test(`verifies replies in ${mode} mode from payment to refund`, async () => {
      const sdk = alipaySdk(mode);
      const out_trade_no = `SDK${mode}1`;
      const paid = await exec(sdk, 'alipay.trade.pay', {
        out_trade_no,
        total_amount: '19.99',
        subject: '门诊挂号费',
        auth_code: sandbox.patient.issueCode('alipay'),
        scene: 'bar_code',
      });
      expect(paid).toMatchObject({ code: '10000', totalAmount: '19.99' });
      expect(await exec(sdk, 'alipay.trade.query', { out_trade_no })).toMatchObject({
        tradeStatus: 'TRADE_SUCCESS',
      });
      expect(
        await exec(sdk, 'alipay.trade.refund', { out_trade_no, refund_amount: '9.99', out_request_no: 'R1' }),
      ).toMatchObject({ fundChange: 'Y', refundFee: '9.99' });
      expect(
        await exec(sdk, 'alipay.trade.fastpay.refund.query', { out_trade_no, out_request_no: 'R1' }),
      ).toMatchObject({ refundStatus: 'REFUND_SUCCESS', refundAmount: '9.99' });
    });
  }

  test('is refused with a wrong key, and its own check breaks on the unsigned answer', async () => {
    const other = generateCredentials().alipay;
    const sdk = alipaySdk('key', { privateKey: other.privateKeyPkcs8 });
    const answer = await sdk.exec('alipay.trade.query', {
      timestamp: chinaNow(),
      bizContent: { out_trade_no: 'X1' },
    });
    expect(answer).toMatchObject({ code: '40002', subCode: 'isv.invalid-signature' });
    await expect(exec(sdk, 'alipay.trade.query', { out_trade_no: 'X1' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  test('opens a signed H5 page on the patient page', async () => {
    const url = alipaySdk('key').pageExecute('alipay.trade.wap.pay', 'GET', {
      timestamp: chinaNow(),
      bizContent: {
        out_trade_no: 'WAP1',
        total_amount: '1.00',
        subject: '缴费',
        product_code: 'QUICK_WAP_WAY',
        quit_url: 'http://127.0.0.1/quit',
      },
    });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toContain('/sandbox/patient?qr=');
  });

  test('hands an app order string to the wallet', async () => {
    const text = alipaySdk('key').sdkExecute('alipay.trade.app.pay', {
      timestamp: chinaNow(),
      bizContent: { out_trade_no: 'APP1', total_amount: '2.00', subject: '缴费' },
    });
    await sandbox.patient.pay('alipay', text);
    expect(sandbox.ledger.payments({ outTradeNo: 'APP1' })[0]?.state).toBe('paid');
  });
});

describe('the real WeChat Pay SDK against the sandbox', () => {
  function wechatSdk(): WechatPay {
    const { wechat } = channelConfigs(credentials, server.baseUrl);
    const pay = new WechatPay({
      appid: wechat.appid,
      mchid: wechat.mchid,
      publicKey: Buffer.from(credentials.wechat.merchantCertificate),
      privateKey: Buffer.from(wechat.privateKey),
      key: wechat.apiV3Key,
    });
    const local = (url: string) => url.replace('https://api.mch.weixin.qq.com', wechat.baseUrl);
    const read = async (response: Response) => {
      const text = await response.text();
      return { status: response.status, data: text.startsWith('{') ? JSON.parse(text) : text };
    };
    pay.createHttp({
      upload: () => Promise.reject(new Error('nothing is uploaded here')),
      get: async (url, headers) => read(await fetch(local(url), { headers: headers ?? {} })),
      post: async (url, params, headers) =>
        read(
          await fetch(local(url), {
            method: 'POST',
            headers: { ...headers, 'Content-Type': 'application/json' },
            body: JSON.stringify(params),
          }),
        ),
    });
    return pay;
  }

  test('pays, queries, refunds and fetches its bill', async () => {
    const pay = wechatSdk();
    const created = await pay.transactions_native({
      description: '门诊缴费',
      out_trade_no: 'WXSDK0001',
      notify_url: 'http://127.0.0.1:9/notify',
      amount: { total: 1234 },
    });
    expect(created).toMatchObject({ status: 200 });
    expect(JSON.stringify(created)).toContain('weixin://wxpay/bizpayurl');
    await sandbox.patient.pay('wechat', 'WXSDK0001');
    expect(await pay.query({ out_trade_no: 'WXSDK0001' })).toMatchObject({
      status: 200,
      data: { trade_state: 'SUCCESS', amount: { total: 1234 } },
    });
    expect(
      await pay.refunds({
        out_trade_no: 'WXSDK0001',
        out_refund_no: 'WXR1',
        amount: { refund: 234, total: 1234, currency: 'CNY' },
      }),
    ).toMatchObject({ status: 200, data: { status: 'PROCESSING' } });
    expect(await pay.find_refunds('WXR1')).toMatchObject({ data: { status: 'SUCCESS' } });
    const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    const bill = await pay.tradebill({ bill_date: day, bill_type: 'ALL' });
    expect(bill).toMatchObject({ status: 200, data: { hash_type: 'SHA1' } });
    const { download_url, hash_value } = bill.data;
    const file = await pay.downloadBill(download_url);
    const text = `\ufeff${String(file.data).replace(/^\ufeff/, '')}`;
    expect(createHash('sha1').update(text).digest('hex')).toBe(hash_value);
    expect(text).toContain('`WXSDK0001');
  });

  test('verifies the signature of a reply by the platform certificate', async () => {
    const pay = wechatSdk();
    const { wechat } = channelConfigs(credentials, server.baseUrl);
    const timestamp = `${Math.floor(Date.now() / 1_000)}`;
    const signature = pay.getSignature('GET', 'n0nce12345', timestamp, '/v3/certificates');
    const response = await fetch(`${wechat.baseUrl}/v3/certificates`, {
      headers: {
        Accept: 'application/json',
        'User-Agent': 'test',
        Authorization: `WECHATPAY2-SHA256-RSA2048 mchid="${wechat.mchid}",nonce_str="n0nce12345",signature="${signature}",timestamp="${timestamp}",serial_no="${wechat.merchantSerial}"`,
      },
    });
    const body = await response.text();
    const header = (name: string) => response.headers.get(name) ?? '';
    expect(response.status).toBe(200);
    expect(
      await pay.verifySign({
        timestamp: header('wechatpay-timestamp'),
        nonce: header('wechatpay-nonce'),
        body,
        serial: header('wechatpay-serial'),
        signature: header('wechatpay-signature'),
      }),
    ).toBe(true);
  });
});
