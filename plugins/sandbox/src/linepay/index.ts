import { randomBytes, randomInt } from 'node:crypto';
import { defineGateway } from '../gateway';
import { type LinepayCredentials, type LinepayGateway, linepayCredentials, openLinepay } from './gateway';

export interface LinepayChannelConfig {
  baseUrl: string;
  region: 'TW' | 'TH' | 'JP';
  channelId: string;
  channelSecret: string;
  billFee: string;
}

export const linepay = defineGateway<LinepayCredentials, LinepayChannelConfig, LinepayGateway>({
  title: 'LINE Pay',
  colour: '#05662f',
  currency: 'TWD',
  credentials: linepayCredentials,
  generate: (choices) => ({
    channelId: String(randomInt(10 ** 9, 10 ** 10)),
    channelSecret: randomBytes(16).toString('hex'),
    region: 'TW',
    feeBasisPoints: 250,
    ...choices,
  }),
  config: ({ region, channelId, channelSecret }, url, choices) => ({
    baseUrl: url,
    region,
    channelId,
    channelSecret,
    billFee: 'Fee',
    ...choices,
  }),
  identity: ({ channelId }) => ({ merchant: channelId, appId: '' }),
  paymentCode: {
    format: /^(?:\d{12}|\d{18})$/,
    issue: () => `39${Array.from({ length: 16 }, () => randomInt(10)).join('')}`,
  },
  books: {
    zone: 'Asia/Taipei',
    payer: 'LINE Pay',
    bank: 'BALANCE',
    // Nineteen digits: more than a number holds.
    tradeNo: (at, serial) => `${new Date(at).getUTCFullYear()}${serial.slice(-15).padStart(15, '1')}`,
    refundId: (at, serial) => `${new Date(at).getUTCFullYear()}${serial.slice(-15).padStart(15, '1')}`,
    refundNumbersPer: 'payment',
    closesWhenRefunded: false,
  },
  open: openLinepay,
});
