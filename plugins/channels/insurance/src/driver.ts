import {
  type ChannelContext,
  type ChannelDriver,
  chinaCompact,
  formatAmount,
  type Outcome,
  type PaymentReference,
  type PayRequest,
} from '@hospital-pay/payments/contract';
import { createClient } from './client';
import type { InsuranceSettings } from './config';
import { type Fee, itemsSum, proofOf, readFee } from './fee';
import { readNotification } from './notification';
import {
  closeOutcome,
  type Expected,
  orderOutcome,
  quoteOutcome,
  refundOutcome,
  refundQueryOutcome,
} from './outcomes';

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

/** The claim a payment settles, with the fee it is about. */
type Claimed =
  | { kind: 'claimed'; expected: Expected; fee: Fee }
  | { kind: 'wrong'; code: string; message: string };

function claimed({ attemptNo, amount, claim }: Pick<PayRequest, 'attemptNo' | 'amount' | 'claim'>): Claimed {
  if (!claim) return { kind: 'wrong', code: 'CLAIM_MISSING', message: '缺少医保预结算结果' };
  const read = readFee(claim.details);
  if (read.kind === 'wrong') return { kind: 'wrong', code: 'DETAILS', message: read.message };
  return { kind: 'claimed', expected: { attemptNo, amount, claim }, fee: read.fee };
}

export function createDriver(settings: InsuranceSettings, context: ChannelContext): ChannelDriver {
  const { orgCodg, seal } = settings;
  const client = createClient(settings, context);
  const now = () => context.now();

  const about = (method: string, { attemptNo, scene }: Pick<PaymentReference, 'attemptNo' | 'scene'>) => ({
    method,
    attemptNo,
    scene,
  });

  /** How 6301 and 6401 name an order. */
  const named = ({ claim }: Expected, { idNo, userName, idType }: Fee) => ({
    payOrdId: claim.claimNo,
    payToken: claim.token,
    orgCodg,
    idNo,
    userName,
    idType,
  });

  /** Refused before anything is sent, so `failed` is certain. */
  function cannotBeSent(request: PayRequest): Outcome | undefined {
    const { amount, claim } = request;
    if (!Number.isSafeInteger(amount) || amount < 1) return refuse('PARAM', '金额须为正整数（分）');
    if (request.currency !== 'CNY') return refuse('PARAM', '医保移动支付只结算人民币');
    if (claim && claim.split.fundFen + claim.split.accountFen !== amount) {
      return refuse('PARAM', '金额与医保预结算结果不一致');
    }
    return undefined;
  }

  /** `code` and `message` of what is wrong with a payment's claim, as an outcome that moves nothing. */
  const unasked = ({ code, message }: { code: string; message: string }): Outcome => ({
    kind: 'unknown',
    code,
    cause: message,
  });

  return {
    async quote({ attemptNo, totalFen, details }) {
      const read = readFee(details);
      if (read.kind === 'wrong') return { kind: 'refused', code: 'DETAILS', message: read.message };
      const sum = itemsSum(read.fee);
      if (sum !== totalFen) {
        const message = `费用明细合计 ${formatAmount(sum)} 元，总额 ${formatAmount(totalFen)} 元`;
        return { kind: 'refused', code: 'ITEMS_SUM', message };
      }
      const reply = await client.call({ method: 'quote_insurance', attemptNo }, 'uldFeeInfo', {
        ...details,
        orgCodg,
        medOrgOrd: attemptNo,
        medfeeSumamt: formatAmount(totalFen),
      });
      return quoteOutcome(reply, { totalFen });
    },

    async pay(request) {
      const impossible = cannotBeSent(request);
      if (impossible) return impossible;
      const found = claimed(request);
      if (found.kind === 'wrong') return refuse(found.code, found.message);
      const { fee, expected } = found;
      const reply = await client.call(about('create_order', request), 'pay_order', {
        ...proofOf(fee),
        payOrdId: expected.claim.claimNo,
        payToken: expected.claim.token,
        orgCodg,
        orgBizSer: request.attemptNo,
        chrgBchno: fee.chrgBchno,
        feeType: fee.feeType,
        mdtrtId: fee.mdtrtId,
        acctUsedFlag: fee.acctUsedFlag,
      });
      return orderOutcome(reply, expected, now());
    },

    async query(payment) {
      const found = claimed(payment);
      if (found.kind === 'wrong') return unasked(found);
      const reply = await client.call(
        about('query_order', payment),
        'query_order_info',
        named(found.expected, found.fee),
      );
      return orderOutcome(reply, found.expected, now());
    },

    async close(payment) {
      const found = claimed(payment);
      if (found.kind === 'wrong') return unasked(found);
      return closeOutcome(
        await client.call(about('close_order', payment), 'revoke_order', named(found.expected, found.fee)),
      );
    },

    async refund(request) {
      const { payment, refundNo, amount } = request;
      if (amount !== payment.amount) return refuse('PARTIAL_REFUND', '医保部分只能整笔退回');
      const found = claimed(payment);
      if (found.kind === 'wrong') return refuse(found.code, found.message);
      const { fee, expected } = found;
      const { fundFen, accountFen } = expected.claim.split;
      const reply = await client.call({ ...about('refund_order', payment), refundNo }, 'refund_Order', {
        ...proofOf(fee),
        payOrdId: expected.claim.claimNo,
        appRefdSn: refundNo,
        appRefdTime: chinaCompact(request.requestedAt ?? now()),
        totlRefdAmt: formatAmount(fundFen + accountFen),
        cashRefdAmt: formatAmount(0),
        psnAcctRefdAmt: formatAmount(accountFen),
        fundRefdAmt: formatAmount(fundFen),
        refdType: 'HI',
      });
      return refundOutcome(reply, request, expected, now());
    },

    async queryRefund(request) {
      const { payment, refundNo } = request;
      const found = claimed(payment);
      if (found.kind === 'wrong') return unasked(found);
      const subject = { ...about('query_refund', payment), refundNo };
      const reply = await client.call(subject, 'query_order_info', named(found.expected, found.fee));
      return refundQueryOutcome(reply, request, found.expected, now());
    },

    readNotification: async (raw) => readNotification(raw, seal, now()),

    async test() {
      const reply = await client.call({ method: 'test' }, 'query_order_info', {
        payOrdId: `TEST${now().getTime()}`,
        orgCodg,
      });
      // Whatever the centre said: it opened our envelope, and its own verifies.
      return reply.kind === 'none' ? { ok: false, code: reply.code, message: reply.cause } : { ok: true };
    },
  };
}
