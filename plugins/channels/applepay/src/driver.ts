import type { ChannelConfig, ChannelContext, ChannelDriver, Outcome } from '@hospital-pay/payments/contract';
import { connectPsp } from '@hospital-pay/wallets';
import { placeOf, readConfig } from './config';
import { openSession } from './session';
import { checkAmount, decryptToken, readToken, TokenError, verifyToken } from './token';
import { claim } from './used';

const refused = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

/** A token is believed when all of it is: nothing is sent to the PSP before. */
export function connectApplePay(config: ChannelConfig, context: ChannelContext): ChannelDriver {
  const settings = readConfig(config);
  const place = placeOf(config);
  const { payWith, ...psp } = connectPsp(settings, context, { method: 'applepay', ...place });

  return {
    ...psp,
    async pay(request) {
      if (request.currency !== place.currency)
        return refused('CURRENCY', `the account takes ${place.currency}`);
      if (request.token === undefined) return refused('TOKEN_MISSING', 'the payer’s device made no token');
      try {
        const token = readToken(request.token);
        await verifyToken(token, settings.root, context.now());
        const card = decryptToken(token, settings.key, settings.merchantIdentifier);
        checkAmount(card, request);
        if (!claim(token.transactionId, request.attemptNo, context.now()))
          return refused('TOKEN_USED', 'the token paid another order');
        return await payWith(request, card);
      } catch (error) {
        if (error instanceof TokenError) return refused(error.code, error.message);
        throw error;
      }
    },
    openSession: (asked) => openSession(settings, context, asked),
  };
}
