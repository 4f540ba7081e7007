import type { OrderView } from '../http/contracts';
import { useText } from '../i18n';
import { currencySign, fenText } from '../money';
import { ChannelName } from '../schema/Cell';
import { useMerchants } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { dateTimeText } from '../time';

/** What the patient is handed; printed alone, without the screen around it. */
export function Receipt({ order, patientName }: { order: OrderView; patientName: string | undefined }) {
  const { t } = useText();
  const { nameOf } = useMerchants();
  const { account } = useAccount();
  const lines: [label: string, value: React.ReactNode][] = [
    [t('cashier.orderNo'), order.orderNo],
    [t('cashier.tradeNo'), order.channelTradeNo],
    [t('cashier.payType'), order.channel ? <ChannelName key="channel" code={order.channel} /> : undefined],
    [t('cashier.paidAt'), order.paidAt ? dateTimeText(order.paidAt) : undefined],
    [t('cashier.bizType'), order.subject],
    [t('cashier.patient'), patientName],
    [t('cashier.receiptNo'), order.receiptNo],
    [t('cashier.operator'), account?.displayName || account?.username],
  ];
  return (
    <article className="receipt" aria-label={t('cashier.receipt')}>
      <h3 style={{ textAlign: 'center', margin: '0 0 4px' }}>{nameOf(order.merchantCode)}</h3>
      <div style={{ textAlign: 'center' }}>{t('cashier.receipt')}</div>
      <div className="money strong" style={{ textAlign: 'center', fontSize: 30, margin: '6px 0' }}>
        {currencySign(order.currency)}
        {fenText(order.paidFen === '0' ? order.amountFen : order.paidFen, { currency: order.currency })}
      </div>
      <dl style={{ margin: 0 }}>
        {lines
          .filter(([, value]) => value !== undefined && value !== null && value !== '')
          .map(([label, value]) => (
            <div key={label} className="receipt-line">
              <dt className="quiet">{label}</dt>
              <dd className="number">{value}</dd>
            </div>
          ))}
      </dl>
    </article>
  );
}
