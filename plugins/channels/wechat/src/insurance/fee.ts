import type { SettledClaim } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { CashChanges } from './amounts';
import { personSchema } from './person';

const fen = z.number().int().nonnegative();
const rfc3339 = z.iso.datetime({ offset: true });

/**
 * What HIS says of a fee (`details` of the contract), named as WeChat names it (POST /v3/med-ins/orders). Only the people
 * are told plainly: their names and id numbers are digested and encrypted here.
 */
const feeDetails = z
  .object({
    order_type: z.enum([
      'REG_PAY',
      'DIAG_PAY',
      'COVID_EXAM_PAY',
      'COVID_ANTIGEN_PAY',
      'IN_HOSP_PAY',
      'PHARMACY_PAY',
      'INSURANCE_PAY',
      'INT_REG_PAY',
      'INT_RE_DIAG_PAY',
      'INT_RX_PAY',
      'MED_PAY',
    ]),
    /** The number under which HIS uploaded the fee (6201's medOrgOrd). */
    serial_no: z.string().min(1).max(20),
    pay_auth_no: z.string().min(1).max(40),
    geo_location: z.string().regex(/^-?\d+(\.\d+)?,-?\d+(\.\d+)?$/),
    med_ins_order_create_time: rfc3339,
    payer: personSchema,
    relative: personSchema.optional(),
    cash_add_detail: z.array(z.object({ cash_add_fee: fen, cash_add_type: z.string() })).default([]),
    cash_reduce_detail: z.array(z.object({ cash_reduce_fee: fen, cash_reduce_type: z.string() })).default([]),
    passthrough_request_content: z.string().max(2048).optional(),
  })
  .strict();

export type MixedFee = z.output<typeof feeDetails>;

export type FeeReading = { kind: 'fee'; fee: MixedFee } | { kind: 'wrong'; message: string };

export function readMixedFee(details: Record<string, unknown>): FeeReading {
  const parsed = feeDetails.safeParse(details);
  if (parsed.success) return { kind: 'fee', fee: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    kind: 'wrong',
    message: `${issue?.path.join('.') || 'details'}: ${issue?.message ?? 'unreadable'}`,
  };
}

export const changesOf = (detail: Pick<MixedFee, 'cash_add_detail' | 'cash_reduce_detail'>): CashChanges => ({
  add: detail.cash_add_detail.reduce((sum, { cash_add_fee }) => sum + cash_add_fee, 0),
  reduce: detail.cash_reduce_detail.reduce((sum, { cash_reduce_fee }) => sum + cash_reduce_fee, 0),
});

/** What the page needs to let the patient pay the cash part: signed already, for WeChat Pay's own order. */
export function cashOrder(
  claim: SettledClaim,
): { prepayId: string; parameters: Record<string, string> } | undefined {
  const action = claim.cash?.payerAction;
  const prepayId =
    action?.kind === 'client' ? action.parameters.package?.replace(/^prepay_id=/, '') : undefined;
  return action?.kind === 'client' && prepayId ? { prepayId, parameters: action.parameters } : undefined;
}
