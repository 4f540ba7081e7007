import { z } from 'zod';
import { answer, readBody } from '../exchange';
import type { Gateway, GatewayWorld } from '../gateway';
import { openPsp } from '../psp/gateway';
import type { ApplepayCredentials } from './credentials';
import { sessionFor, sessionPath } from './sessions';
import { cards, makeToken } from './token';

export const YEN = '392';

export interface ApplepayGateway extends Gateway {
  /** What the patient's device makes for an amount of yen: the first merchant's token, signed now. */
  token(amount: number, card: keyof typeof cards): string;
}

/** A card as the merchant hands it to its PSP, once it has opened the token. */
const handedOver = z.object({
  applicationPrimaryAccountNumber: z.string(),
  currencyCode: z.literal(YEN),
  transactionAmount: z.number(),
  paymentData: z.object({ onlinePaymentCryptogram: z.string().min(1) }),
});
const tokenBody = z.object({
  amount: z.number(),
  card: z.enum(['pays', 'waits', 'declined']).default('pays'),
});

export function openApplepay(world: GatewayWorld<ApplepayCredentials>): ApplepayGateway {
  /** A cryptogram is good for one payment. */
  const spent = new Set<string>();

  const psp = openPsp(world, {
    name: 'applepay',
    currency: 'JPY',
    judgeToken(_own, token, amount) {
      const read = handedOver.safeParse(token);
      if (!read.success || read.data.transactionAmount !== amount) return 'invalid';
      const { applicationPrimaryAccountNumber: number, paymentData } = read.data;
      if (spent.has(paymentData.onlinePaymentCryptogram)) return 'invalid';
      spent.add(paymentData.onlinePaymentCryptogram);
      switch (number) {
        case cards.pays:
          return 'pays';
        case cards.waits:
          return 'waits';
        default:
          return 'declined';
      }
    },
  });

  function token(amount: number, card: keyof typeof cards): string {
    const own = world.merchants()[0];
    if (own === undefined) throw new Error('no merchant');
    return makeToken(own, { amount, currencyCode: YEN, card, signedAt: new Date(world.clock.now()) });
  }

  return {
    ...psp,
    token,
    async handle(ctx, path) {
      if (path !== sessionPath) return psp.handle(ctx, path);
      const opened = sessionFor(world.merchants(), (await readBody(ctx)).toString('utf8'), world.clock.now());
      answer(ctx, {
        status: opened ? 200 : 417,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(opened?.session ?? { statusCode: '417' }),
      });
    },
    levers: {
      'POST /token': (body) => {
        const { amount, card } = tokenBody.parse(body);
        return { token: token(amount, card) };
      },
    },
  };
}
