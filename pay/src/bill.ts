import * as z from 'zod/mini';

const bilingual = z.object({ zh: z.string(), en: z.string() });
const moment = z.nullable(z.string());

const way = z.object({
  channel: z.string(),
  title: bilingual,
  scene: z.string(),
  needsPayer: z.boolean(),
  takesToken: z.boolean(),
});
export type OfferedWay = z.output<typeof way>;

const action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('qr'), text: z.string() }),
  z.object({ kind: z.literal('redirect'), url: z.string() }),
  z.object({ kind: z.literal('client'), parameters: z.record(z.string(), z.string()) }),
]);
export type PayerAction = z.output<typeof action>;

/** A bill as the platform tells it. Amounts in fen. */
export const billSchema = z.object({
  state: z.enum([
    'payable',
    'paying',
    'confirming',
    'paid',
    'partially_refunded',
    'refunded',
    'expired',
    'closed',
  ]),
  now: z.string(),
  hospital: z.string(),
  subject: z.string(),
  items: z.array(z.object({ name: z.string(), quantity: z.optional(z.string()), amountFen: z.number() })),
  amountFen: z.number(),
  currency: z.string(),
  patient: z.nullable(z.string()),
  department: z.nullable(z.string()),
  expiresAt: z.string(),
  ways: z.array(way),
  payment: z.nullable(
    z.object({ channel: bilingual, scene: z.string(), expiresAt: moment, action: z.nullable(action) }),
  ),
  receipt: z.nullable(
    z.object({
      orderNo: z.string(),
      channel: bilingual,
      channelTradeNo: z.nullable(z.string()),
      paidFen: z.number(),
      refundedFen: z.number(),
      paidAt: moment,
      hisState: z.enum(['none', 'waiting', 'confirmed', 'refused']),
      receiptNo: z.nullable(z.string()),
    }),
  ),
  failure: z.nullable(z.object({ code: z.string(), zh: z.string(), en: z.string() })),
});
export type Bill = z.output<typeof billSchema>;

export const isPaid = ({ state }: Bill): boolean =>
  state === 'paid' || state === 'partially_refunded' || state === 'refunded';
