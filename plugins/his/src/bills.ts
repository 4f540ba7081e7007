import { createHmac } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { type Events, traceHeaders } from '@hospital-pay/payments';
import { z } from 'zod';
import { fail } from './errors';

const item = z.object({
  name: z.string().trim().min(1).max(64),
  quantity: z.string().trim().max(24).nullish(),
  amountFen: z.int().nonnegative(),
});

const bill = z.object({
  /** HIS's own number of what is owed; a payment of it carries this as its business number. */
  billNo: z.string().trim().min(1).max(50),
  bizType: z.string().trim().max(32).nullish(),
  subject: z.string().trim().min(1).max(200),
  department: z.string().trim().max(64).nullish(),
  doctor: z.string().trim().max(32).nullish(),
  amountFen: z.int().positive(),
  items: z.array(item).max(100).default([]),
});

const answerSchema = z.discriminatedUnion('resultCode', [
  z.object({
    resultCode: z.literal('0'),
    patient: z.object({ name: z.string().trim().min(1).max(64), patientId: z.string().max(64).nullish() }),
    bills: z.array(bill).max(200),
  }),
  z.object({ resultCode: z.literal('-1'), resultMessage: z.string().nullish() }),
]);

export type HisBill = z.output<typeof bill>;

/** What a patient owes, as HIS says now. Amounts in fen. */
export interface UnpaidBills {
  patientName: string;
  patientId: string | null;
  bills: HisBill[];
}

export interface HisBills {
  /** @throws HIS_NOT_CONFIGURED, HIS_SILENT, HIS_CARD_UNKNOWN */
  unpaid(merchantCode: string, cardNo: string): Promise<UnpaidBills>;
}

const timeoutMs = 8000;

/** Asks HIS over HTTP, signed as confirmations are: `POST ${hisUrl}/bills` with the card number. */
export function createHisBills(options: {
  hisUrlOf(merchantCode: string): Promise<string | null>;
  secret: string;
  clock: Clock;
  events: Events;
}): HisBills {
  const { hisUrlOf, secret, clock, events } = options;
  return {
    async unpaid(merchantCode, cardNo) {
      const base = await hisUrlOf(merchantCode);
      if (!base) throw fail('HIS_NOT_CONFIGURED');
      const url = `${base.replace(/\/+$/, '')}/bills`;
      const body = JSON.stringify({ cardNo });
      const startedAt = clock.now();
      let httpStatus: number | undefined;
      let parsed: z.output<typeof answerSchema> | undefined;
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json; charset=utf-8',
            ...traceHeaders(),
            'x-his-signature': createHmac('sha256', secret).update(body).digest('hex'),
          },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        httpStatus = response.status;
        if (response.ok) parsed = answerSchema.safeParse(await response.json()).data;
      } catch {
        parsed = undefined;
      }
      // The log says that HIS was asked and what came of it, not about whom.
      events.emit('channel.call', {
        method: 'his_bills',
        url,
        request: JSON.stringify({ cardNo: '***' }),
        response: JSON.stringify(
          parsed?.resultCode === '0'
            ? { resultCode: '0', bills: parsed.bills.map(({ billNo, amountFen }) => ({ billNo, amountFen })) }
            : { resultCode: parsed?.resultCode ?? null },
        ),
        startedAt,
        durationMs: clock.now().getTime() - startedAt.getTime(),
        channel: null,
        accountCode: null,
        orderNo: null,
        tradeType: null,
        direction: 'out',
        ...(httpStatus === undefined ? {} : { httpStatus }),
        ...(parsed ? {} : { errorCode: 'HIS_SILENT' }),
      });
      if (!parsed) throw fail('HIS_SILENT');
      if (parsed.resultCode === '-1') throw fail('HIS_CARD_UNKNOWN');
      return {
        patientName: parsed.patient.name,
        patientId: parsed.patient.patientId ?? null,
        bills: parsed.bills,
      };
    },
  };
}
