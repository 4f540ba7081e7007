import { chinaCompact } from '../clock';
import type { Ledger, Payment, Refund } from '../ledger';
import { yuan } from '../yuan';
import { keptWith, type Shares } from './shares';

const COLUMNS =
  'fixmedins_code kind medins_setl_id refd_sn setl_id setl_time medfee_sumamt fund_pay_sumamt acct_pay psn_cash_pay';

/** The day's settlements as this HIS exports them: the platform's own layout, for want of a published one. */
export function settlementFile(ledger: Ledger, merchant: string, day: string): Buffer {
  const { payments, refunds } = ledger.billRows('insurance', merchant, day);
  const given = refunds.filter(({ state }) => state === 'succeeded');
  const sum = (rows: { amountFen: number }[]) => yuan(rows.reduce((total, row) => total + row.amountFen, 0));
  const lines = [
    COLUMNS.split(' '),
    ...payments.map(paymentRow),
    ...given.map((refund) => refundRow(refund, ledger.payment('insurance', merchant, refund.outTradeNo))),
    ['total', 'payment', `${payments.length}`, sum(payments)],
    ['total', 'refund', `${given.length}`, sum(given)],
  ];
  return Buffer.from(lines.map((cells) => `${cells.join('\t')}\r\n`).join(''));
}

function paymentRow(payment: Payment): string[] {
  const shares = sharesOf(payment);
  return [
    payment.merchant,
    'payment',
    payment.outTradeNo,
    '',
    payment.tradeNo,
    chinaCompact(payment.paidAt ?? payment.createdAt),
    yuan(shares.total),
    yuan(shares.fund),
    yuan(shares.account),
    yuan(shares.own),
  ];
}

/** Insurance gives back what insurance bore; the cash is another channel's. */
function refundRow(refund: Refund, payment: Payment | null): string[] {
  const shares = sharesOf(payment);
  return [
    refund.merchant,
    'refund',
    refund.outTradeNo,
    refund.refundNo,
    refund.tradeNo,
    chinaCompact(refund.createdAt),
    yuan(refund.amountFen),
    yuan(shares.fund),
    yuan(shares.account),
    yuan(0),
  ];
}

/** Money that nobody asked for here is all the fund's. */
function sharesOf(payment: Payment | null): Shares {
  const total = payment?.amountFen ?? 0;
  return keptWith(payment)?.shares ?? { total, fund: total, account: 0, own: 0 };
}
