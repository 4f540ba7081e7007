import { randomInt } from 'node:crypto';
import { CHINA, chinaCompact } from '../clock';
import { defineGateway } from '../gateway';
import {
  type AlipayChannelConfig,
  type AlipayCredentials,
  alipayConfig,
  alipayCredentials,
  generateAlipay,
} from './credentials';
import { type AlipayGateway, createAlipayGateway } from './gateway';

export const alipay = defineGateway<AlipayCredentials, AlipayChannelConfig, AlipayGateway>({
  title: '支付宝',
  colour: '#0958d9',
  currency: 'CNY',
  credentials: alipayCredentials,
  generate: generateAlipay,
  config: alipayConfig,
  identity: ({ sellerId, appId }) => ({ merchant: sellerId, appId }),
  paymentCode: {
    format: /^(?:(?:2[5-9]|30)\d{14,22}|fp[0-9A-Za-z]{33})$/,
    issue: () => `28${randomDigits(16)}`,
  },
  books: {
    zone: CHINA,
    payer: '2088722003899001',
    bank: 'ALIPAYACCOUNT',
    tradeNo: (at, serial) => `${chinaCompact(at).slice(0, 8)}22001${serial.padStart(15, '0')}`,
    refundId: (at, serial) => `503${chinaCompact(at).slice(0, 8)}${serial.padStart(15, '0')}`,
    refundNumbersPer: 'payment',
    closesWhenRefunded: true,
  },
  open: createAlipayGateway,
});

const randomDigits = (count: number) => Array.from({ length: count }, () => randomInt(10)).join('');
