import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { masked } from './client';
import { opened, type Seal } from './envelope';
import { Digits } from './json';
import { momentOf, sharesSchema, splitOf } from './outcomes';

const acknowledgement = (status: number, code: number, message: string): Acknowledgement => ({
  status,
  contentType: 'application/json; charset=UTF-8',
  body: JSON.stringify({ code, message, success: code === 0 }),
});

const accepted = acknowledgement(200, 0, '成功');
const retry = acknowledgement(500, 1, '暂时无法处理');

const rejected = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: acknowledgement(400, 1, '通知无效'),
});

const text = z.union([z.string(), z.instanceof(Digits).transform((digits) => digits.text)]);

/** 6302. */
const settlement = sharesSchema.extend({
  callType: text,
  payOrdId: text,
  medOrgOrd: text,
  hiChrgTime: text,
  setlType: z.enum(['ALL', 'CASH', 'HI']),
});

const settlementCall = '02';

/** The seal first, then whose it is. The amount is compared by the core, which knows what was asked. */
export function readNotification(raw: RawNotification, seal: Seal, now: Date): NotificationReading {
  const envelope = opened(raw.body.toString('utf8'), seal);
  if (envelope.kind === 'refused') return rejected(envelope.code, envelope.cause);
  if (envelope.head.appId !== seal.appId) return rejected('INTEGRITY', 'meant for another application');
  const body = settlement.safeParse(envelope.data);
  if (!body.success) return rejected('MALFORMED', `not a settlement: ${masked(envelope.data)}`);
  const { callType, setlType, payOrdId, medOrgOrd, hiChrgTime } = body.data;
  if (callType !== settlementCall || setlType === 'CASH') return { kind: 'ignored', accepted };
  const divided = splitOf(body.data);
  if (typeof divided === 'string') return rejected('INTEGRITY', divided);
  const { split } = divided;
  return {
    kind: 'event',
    notificationId: `${callType}-${payOrdId}`,
    event: {
      kind: 'payment',
      attemptNo: medOrgOrd,
      outcome: {
        kind: 'paid',
        amount: split.fundFen + split.accountFen,
        currency: 'CNY',
        channelNo: payOrdId,
        paidAt: momentOf(hiChrgTime) ?? now,
        split,
      },
    },
    accepted,
    retry,
  };
}
