import { randomInt } from 'node:crypto';
import { CHINA } from '../clock';
import { defineGateway, type Gateway } from '../gateway';
import {
  generateUnionpay,
  type UnionpayChannelConfig,
  type UnionpayCredentials,
  unionpayConfig,
  unionpayCredentials,
} from './credentials';
import { createUnionpayGateway } from './gateway';

export const unionpay = defineGateway<UnionpayCredentials, UnionpayChannelConfig, Gateway>({
  title: '云闪付',
  colour: '#c41d2f',
  currency: 'CNY',
  credentials: unionpayCredentials,
  generate: generateUnionpay,
  config: unionpayConfig,
  identity: ({ merId }) => ({ merchant: merId, appId: '' }),
  paymentCode: {
    format: /^62\d{17}$/,
    issue: () => `62${Array.from({ length: 17 }, () => randomInt(10)).join('')}`,
  },
  books: {
    zone: CHINA,
    payer: '621234****5678',
    bank: 'CUP',
    tradeNo: (_at, serial) => `84${serial.padStart(19, '0')}`,
    refundId: (_at, serial) => `85${serial.padStart(19, '0')}`,
    refundNumbersPer: 'merchant',
    closesWhenRefunded: false,
  },
  open: createUnionpayGateway,
});
