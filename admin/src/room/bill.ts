import { z } from 'zod';

/** What a patient owes, as HIS says. Amounts in the minor unit of the merchant's currency. */
export const unpaidBills = z.object({
  patientName: z.string(),
  bills: z.array(
    z.object({
      billNo: z.string(),
      subject: z.string(),
      department: z.string().nullish(),
      doctor: z.string().nullish(),
      amountFen: z.number(),
      items: z.array(z.object({ name: z.string(), quantity: z.string().nullish(), amountFen: z.number() })),
    }),
  ),
});
export type UnpaidBills = z.output<typeof unpaidBills>;

/** A bill's code and how far it has been paid. */
export const roomLink = z.object({
  code: z.string(),
  url: z.string(),
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
  hospital: z.string(),
  subject: z.string(),
  amountFen: z.number(),
  currency: z.string(),
  patient: z.string().nullable(),
  department: z.string().nullable(),
  expiresAt: z.string(),
  receipt: z.object({ hisState: z.string(), receiptNo: z.string().nullable() }).nullable(),
});
export type RoomLink = z.output<typeof roomLink>;

/** Nothing more will come of it by itself. */
export const isSettled = ({ state, receipt }: RoomLink): boolean => {
  switch (state) {
    case 'payable':
    case 'paying':
    case 'confirming':
      return false;
    case 'paid':
      return receipt?.hisState !== 'waiting';
    case 'partially_refunded':
    case 'refunded':
    case 'expired':
    case 'closed':
      return true;
    default:
      return state satisfies never;
  }
};
