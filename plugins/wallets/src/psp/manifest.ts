import type { ChannelManifest } from '@hospital-pay/payments/contract';
import { readSettings } from '../settings';
import { type PspWallet, pspFields, pspRequired, pspShape } from './config';
import { connectPsp, pspBillHour } from './driver';
import { pspErrors } from './errors';

/** A wallet behind a PSP: everything but its name is the neutral protocol's. `billReader`: path of its reader module. */
export function pspManifest(
  wallet: PspWallet,
  name: Pick<ChannelManifest, 'title' | 'billReader'>,
): ChannelManifest {
  const config = { type: 'object' as const, required: pspRequired, properties: pspFields };
  return {
    ...name,
    code: wallet.method,
    logName: wallet.method,
    currency: wallet.currency,
    zone: wallet.zone,
    scenes: ['h5', 'app'],
    verbs: ['close', 'refund', 'queryRefund', 'readNotification', 'bill'],
    config,
    errors: pspErrors,
    billReadyHour: pspBillHour,
    connect: (given, context) => connectPsp(readSettings(config, pspShape, given), context, wallet),
  };
}
