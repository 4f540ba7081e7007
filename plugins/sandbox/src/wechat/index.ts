import { randomInt } from 'node:crypto';
import { CHINA, chinaCompact } from '../clock';
import { defineGateway } from '../gateway';
import {
  generateWechat,
  type WechatChannelConfig,
  type WechatCredentials,
  wechatConfig,
  wechatCredentials,
} from './credentials';
import { createWechatGateway, type WechatGateway } from './gateway';

export const wechat = defineGateway<WechatCredentials, WechatChannelConfig, WechatGateway>({
  title: '微信支付',
  colour: '#067a3e',
  currency: 'CNY',
  credentials: wechatCredentials,
  generate: generateWechat,
  config: wechatConfig,
  identity: ({ mchid, appid }) => ({ merchant: mchid, appId: appid }),
  paymentCode: {
    format: /^1[0-5]\d{16}$/,
    issue: () => `1${randomInt(6)}${randomDigits(16)}`,
  },
  books: {
    zone: CHINA,
    payer: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    bank: 'OTHERS',
    tradeNo: (at, serial) => `42000${chinaCompact(at).slice(0, 8)}${serial.padStart(15, '0')}`,
    refundId: (at, serial) => `503${chinaCompact(at).slice(0, 8)}${serial.padStart(15, '0')}`,
    refundNumbersPer: 'merchant',
    closesWhenRefunded: false,
  },
  open: createWechatGateway,
});

const randomDigits = (count: number) => Array.from({ length: count }, () => randomInt(10)).join('');
