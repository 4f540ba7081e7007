import { randomInt } from 'node:crypto';
import { CHINA } from '../clock';
import { defineGateway } from '../gateway';
import {
  type CcbChannelConfig,
  type CcbCredentials,
  ccbConfig,
  ccbCredentials,
  generateCcb,
} from './credentials';
import { type CcbGateway, createCcbGateway } from './gateway';

export const ccb = defineGateway<CcbCredentials, CcbChannelConfig, CcbGateway>({
  title: '建行龙支付',
  colour: '#0a4ea2',
  currency: 'CNY',
  credentials: ccbCredentials,
  generate: generateCcb,
  config: ccbConfig,
  identity: ({ merchantId, posId }) => ({ merchant: merchantId, appId: posId }),
  paymentCode: {
    // An aggregate takes every wallet's code.
    format: /^(?:CCB\w{6,61}|1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22}|62\d{17})$/,
    issue: () => `CCB999${Array.from({ length: 18 }, () => randomInt(10)).join('')}`,
  },
  books: {
    zone: CHINA,
    payer: '6217****1234',
    bank: 'CCB',
    tradeNo: (_at, serial) => serial.padStart(25, '0'),
    refundId: (_at, serial) => serial.padStart(24, '9'),
    // REFUND_CODE is told apart within its order.
    refundNumbersPer: 'payment',
    closesWhenRefunded: false,
  },
  open: createCcbGateway,
});
