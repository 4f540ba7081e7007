import { parseAmount } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { Digits } from './json';

/** Yuan as text, or as the number that some JSON writer made of it, read digit by digit. */
export const money = z
  .union([z.string(), z.number().transform(String), z.instanceof(Digits).transform(({ text }) => text)])
  .transform((text, context) => {
    try {
      const fen = parseAmount(text);
      if (fen >= 0) return fen;
    } catch {
      // Said below, for every text that is no amount.
    }
    context.addIssue({ code: 'custom', message: `not an amount: ${text}` });
    return z.NEVER;
  });

const text = z.string().min(1);

/**
 * What HIS says of a fee (`details` of the contract), named as the centre names it (6201). The fields that later calls
 * need are checked; whatever else a province wants passes through to 6201 as it is.
 */
const feeDetails = z
  .looseObject({
    ecToken: text.optional(),
    payAuthNo: text.optional(),
    mdtrtId: text,
    psnNo: text,
    insutype: text,
    idNo: text,
    userName: text,
    idType: text,
    medType: text,
    feeType: text,
    chrgBchno: text,
    acctUsedFlag: text,
    feedetailList: z.array(z.looseObject({ feedetlSn: text, detItemFeeSumamt: money })).min(1),
  })
  .refine(({ ecToken, payAuthNo }) => (ecToken === undefined) !== (payAuthNo === undefined), {
    path: ['payAuthNo'],
    message: 'exactly one of ecToken and payAuthNo',
  });

export type Fee = z.output<typeof feeDetails>;

export type FeeReading = { kind: 'fee'; fee: Fee } | { kind: 'wrong'; message: string };

export function readFee(details: Record<string, unknown>): FeeReading {
  const parsed = feeDetails.safeParse(details);
  if (parsed.success) return { kind: 'fee', fee: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    kind: 'wrong',
    message: `${issue?.path.join('.') ?? 'details'}: ${issue?.message ?? 'unreadable'}`,
  };
}

/** How the patient shows that this may be done in his name. */
export const proofOf = ({ ecToken, payAuthNo }: Fee) =>
  payAuthNo === undefined ? { ecToken } : { payAuthNo };

export const itemsSum = ({ feedetailList }: Fee): number =>
  feedetailList.reduce((sum, { detItemFeeSumamt }) => sum + detItemFeeSumamt, 0);
