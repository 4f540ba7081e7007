import { randomBytes } from 'node:crypto';
import { CHINA, chinaCompact } from '../clock';
import { defineGateway } from '../gateway';
import {
  generateWechat,
  type WechatChannelConfig,
  type WechatCredentials,
  wechatConfig,
  wechatCredentials,
} from '../wechat/credentials';
import { createMixedGateway, type MixedGateway } from './gateway';

/** Of the merchant's channel account, what signs and verifies; and what the institution is called. */
type Config = Pick<
  WechatChannelConfig,
  | 'baseUrl'
  | 'mchid'
  | 'appid'
  | 'merchantSerial'
  | 'privateKey'
  | 'apiV3Key'
  | 'verifyMode'
  | 'platformCertificate'
  | 'publicKeyId'
  | 'publicKey'
> & { cityId: string; medInstName: string; medInstNo: string };

/** What WeChat Pay's merchant collects together with an insurer. The merchant is WeChat Pay's own (`credentials.ts`). */
export const wechatinsurance = defineGateway<WechatCredentials, Config, MixedGateway>({
  title: '微信医保支付',
  colour: '#0b6b53',
  currency: 'CNY',
  credentials: wechatCredentials,
  generate: generateWechat,
  config(own, url, choices) {
    const { baseUrl, mchid, appid, merchantSerial, privateKey, apiV3Key, ...keys } = wechatConfig(
      own,
      url,
      {},
    );
    const { verifyMode, platformCertificate, publicKeyId, publicKey } = keys;
    return {
      ...{ baseUrl, mchid, appid, merchantSerial, privateKey, apiV3Key },
      ...{ verifyMode, platformCertificate, publicKeyId, publicKey },
      ...{ cityId: '440300', medInstName: '示范医院', medInstNo: 'H44030000001' },
      ...choices,
    };
  },
  identity: ({ mchid, appid }) => ({ merchant: mchid, appId: appid }),
  // What the patient's credential gives: it authorizes one order.
  paymentCode: {
    format: /^AUTH[0-9]{27}$/,
    issue: () =>
      `AUTH${BigInt(`0x${randomBytes(14).toString('hex')}`)
        .toString()
        .padStart(27, '0')
        .slice(-27)}`,
  },
  books: {
    zone: CHINA,
    payer: '参保人',
    bank: '医保基金',
    tradeNo: (at, serial) => `${chinaCompact(at)}${serial.padStart(18, '0')}`,
    refundId: (at, serial) => `R${chinaCompact(at)}${serial.padStart(15, '0')}`,
    refundNumbersPer: 'payment',
    closesWhenRefunded: false,
  },
  open: createMixedGateway,
});
