import { randomInt } from 'node:crypto';
import { CHINA, chinaCompact } from '../clock';
import { defineGateway, type Gateway } from '../gateway';
import {
  generateIcbc,
  type IcbcChannelConfig,
  type IcbcCredentials,
  icbcConfig,
  icbcCredentials,
} from './credentials';
import { createIcbcGateway } from './gateway';

export const icbc = defineGateway<IcbcCredentials, IcbcChannelConfig, Gateway>({
  title: '工行 e 支付',
  colour: '#b5121b',
  currency: 'CNY',
  credentials: icbcCredentials,
  generate: generateIcbc,
  config: icbcConfig,
  identity: ({ merId, appId }) => ({ merchant: merId, appId }),
  paymentCode: {
    // An aggregate takes every wallet's code.
    format: /^(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22}|62\d{17})$/,
    issue: () => `62${Array.from({ length: 17 }, () => randomInt(10)).join('')}`,
  },
  books: {
    zone: CHINA,
    payer: '621226****1234',
    bank: 'ICBC',
    tradeNo: (at, serial) => `0200${chinaCompact(at).slice(2, 8)}${serial.padStart(17, '0')}`,
    refundId: (at, serial) => `0299${chinaCompact(at).slice(2, 8)}${serial.padStart(17, '0')}`,
    refundNumbersPer: 'merchant',
    closesWhenRefunded: false,
  },
  open: createIcbcGateway,
});
