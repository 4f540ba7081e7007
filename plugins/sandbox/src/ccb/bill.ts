import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { chinaTime } from '../clock';
import type { Ledger } from '../ledger';
import { yuan } from '../yuan';
import type { CcbCredentials } from './credentials';

const TITLES = {
  payments: '交易时间 定单号 付款方账号 支付金额 退款金额 柜台号 备注1 备注2 付款方式 订单状态 记账日期',
  refunds: '交易时间 定单号 支付金额 退款金额 柜台号 付款方式 订单状态 记账日期 退款流水号',
};

/** The older edition of a day's file, of payments or of refunds; null when there are none. */
export function billFile(
  ledger: Ledger,
  own: CcbCredentials,
  day: string,
  of: 'payments' | 'refunds',
): Buffer | null {
  const { payments, refunds } = ledger.billRows('ccb', own.merchantId, day);
  const booked = day.replaceAll('-', '');
  const rows =
    of === 'payments'
      ? payments.map((row) => [
          chinaTime(row.paidAt ?? row.createdAt),
          row.outTradeNo,
          row.buyer,
          yuan(row.amountFen),
          yuan(row.refundedFen),
          own.posId,
          '',
          '',
          'WX',
          '成功',
          booked,
        ])
      : refunds
          .filter((row) => row.state === 'succeeded')
          .map((row) => [
            chinaTime(row.createdAt),
            row.outTradeNo,
            yuan(ledger.payment('ccb', row.merchant, row.outTradeNo)?.amountFen ?? 0),
            yuan(row.amountFen),
            own.posId,
            'WX',
            '成功',
            booked,
            row.reason ?? '',
          ]);
  if (rows.length === 0) return null;
  const heading = [`中国建设银行商户流水 ${booked}`, `商户代码：${own.merchantId}`, ''];
  const text = [...heading, TITLES[of].replaceAll(' ', '\t'), ...rows.map((row) => row.join('\t')), ''];
  return gzipSync(iconv.encode(text.join('\r\n'), 'gb18030'));
}
