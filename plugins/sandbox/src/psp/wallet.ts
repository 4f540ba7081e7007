import { randomBytes, randomInt } from 'node:crypto';
import { defineGateway, type Gateway } from '../gateway';
import { JAPAN, openPsp, type PspCredentials, pspCredentials } from './gateway';

export interface PspChannelConfig {
  baseUrl: string;
  merchantId: string;
  secret: string;
  capture: 'automatic' | 'manual';
}

export const generatePsp = (choices: Partial<PspCredentials>): PspCredentials => ({
  merchantId: `M${randomInt(10 ** 9, 10 ** 10)}`,
  secret: randomBytes(32).toString('hex'),
  feeBasisPoints: 320,
  ...choices,
});

export const pspBooks = {
  zone: JAPAN,
  bank: 'CARD',
  tradeNo: (_at: number, serial: string) => `pay_${serial}`,
  refundId: (_at: number, serial: string) => `re_${serial}`,
  refundNumbersPer: 'payment',
  closesWhenRefunded: false,
} as const;

/** A Japanese wallet whose own protocol is not public, behind the neutral PSP. */
export const pspWallet = (name: string, title: string, colour: string) =>
  defineGateway<PspCredentials, PspChannelConfig, Gateway>({
    title,
    colour,
    currency: 'JPY',
    credentials: pspCredentials,
    generate: generatePsp,
    config: ({ merchantId, secret }, url, choices) => ({
      baseUrl: url,
      merchantId,
      secret,
      capture: 'automatic',
      ...choices,
    }),
    identity: ({ merchantId }) => ({ merchant: merchantId, appId: '' }),
    books: { ...pspBooks, payer: title },
    open: (world) => openPsp(world, { name, currency: 'JPY' }),
  });
