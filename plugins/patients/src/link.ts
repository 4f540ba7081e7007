import type { HisBill, UnpaidBills } from '@hospital-pay/his';
import { fromRow } from '@hospital-pay/payments';
import { z } from 'zod';

/** Where a link is shown to the patient. */
export const usages = ['prescription', 'guide_slip', 'room', 'kiosk', 'online'] as const;
export type Usage = (typeof usages)[number];

export const itemSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  quantity: z.string().trim().max(24).optional(),
  amountFen: z.int().nonnegative(),
});
export type Item = z.output<typeof itemSchema>;

const described = (zh: string, en: string) => ({ description: `${zh} / ${en}` });

/** What HIS gives for a link. Amounts in fen. */
export const newLink = z
  .strictObject({
    merchantOrderNo: z
      .string()
      .regex(/^[0-9A-Za-z_\-|*.]{1,60}$/)
      .meta(
        described(
          '商户单号，重复提交返回同一缴费单',
          "The merchant's number; a repeat answers the same link",
        ),
      ),
    businessNo: z
      .string()
      .trim()
      .min(1)
      .max(64)
      .optional()
      .meta(described('业务单号（如处方号）；同一业务只收一次', 'Business number; it is paid once')),
    amountFen: z.int().positive().meta(described('金额（分）', 'Amount in fen')),
    subject: z.string().trim().min(1).max(256).meta(described('缴费项目', 'What is paid for')),
    items: z
      .array(itemSchema)
      .max(100)
      .default([])
      .meta(described('明细，合计须等于金额', 'Items; they add up to the amount')),
    patientName: z.string().trim().max(64).optional(),
    patientId: z.string().trim().max(64).optional(),
    cardNo: z.string().trim().max(64).optional(),
    department: z.string().trim().max(64).optional(),
    bizType: z.string().trim().max(32).optional(),
    usage: z.enum(usages).default('prescription').meta(described('使用场合', 'Where the patient meets it')),
    terminalCode: z.string().trim().max(32).optional(),
    operatorCode: z.string().trim().max(32).optional(),
    expiresIn: z
      .int()
      .min(60)
      .max(30 * 86_400)
      .default(3 * 86_400)
      .meta(described('有效期（秒），默认 3 天', 'Seconds it is valid, three days unless given')),
  })
  .meta({ id: 'CreatePaymentLink' });
export type NewLink = z.output<typeof newLink>;

const optional = z.string().nullable();

const rowSchema = z.object({
  id: z.number(),
  code: z.string(),
  merchantCode: z.string(),
  merchantOrderNo: z.string(),
  businessNo: z.string(),
  bizType: optional,
  usage: z.enum(usages),
  status: z.enum(['open', 'paid', 'closed', 'expired']),
  amountFen: z.int(),
  subject: z.string(),
  items: z.array(itemSchema).nullable(),
  patientName: optional,
  patientId: optional,
  cardNo: optional,
  department: optional,
  terminalCode: optional,
  operatorCode: optional,
  expiresAt: z.date(),
  createdTime: z.date(),
  paidAt: z.date().nullable(),
  orderNo: optional,
  tries: z
    .number()
    .nullable()
    .transform((count) => count ?? 0),
  requestHash: optional,
  payerHash: optional,
});
export type Link = z.output<typeof rowSchema>;

export const readLink = (row: object): Link => rowSchema.parse(fromRow({ ...row }));

/** What a link of a HIS bill says, whoever shows it. */
export const billOf = ({ patientName, patientId }: UnpaidBills, bill: HisBill, cardNo: string) => ({
  businessNo: bill.billNo,
  amountFen: bill.amountFen,
  subject: bill.subject,
  items: bill.items.map(({ name, quantity, amountFen }) => ({
    name,
    amountFen,
    ...(quantity ? { quantity } : {}),
  })),
  patientName,
  ...(patientId ? { patientId } : {}),
  cardNo,
  ...(bill.department ? { department: bill.department } : {}),
});
