import { useText } from '../i18n';
import { currencySign, fenText } from '../money';
import { ChannelName, Money } from '../schema/Cell';
import { useMerchants } from '../shell/references';
import { dateTimeText } from '../time';
import type { Shift } from './contracts';

/** The slip of a closed shift, signed and kept; printed alone, without the screen around it. */
export function ShiftSlip({ shift }: { shift: Shift }) {
  const { t } = useText();
  const { nameOf } = useMerchants();
  const { cash, currency, lines } = shift.figures;
  const fact = (label: string, value: React.ReactNode) =>
    value === null || value === undefined || value === '' ? null : (
      <div key={label} className="receipt-line">
        <dt className="quiet">{label}</dt>
        <dd className="number">{value}</dd>
      </div>
    );
  return (
    <article className="receipt" aria-label={t('shifts.slip')}>
      <h3 style={{ textAlign: 'center', margin: '0 0 4px' }}>{nameOf(shift.merchantCode)}</h3>
      <div style={{ textAlign: 'center', marginBottom: 8 }}>{t('shifts.slip')}</div>
      <dl style={{ margin: 0 }}>
        {fact(t('shifts.shiftNo'), shift.shiftNo)}
        {fact(t('shifts.operator'), shift.operatorCode)}
        {fact(t('shifts.terminal'), shift.terminalCode)}
        {fact(t('shifts.openedAt'), dateTimeText(shift.openedAt))}
        {fact(t('shifts.closedAt'), dateTimeText(shift.closedAt))}
        {shift.firstClosedAt && fact(t('shifts.countedUntil'), dateTimeText(shift.firstClosedAt))}
      </dl>
      {lines.map((line) => (
        <dl key={`${line.payType} ${line.currency}`} className="slip-part">
          <strong>
            <ChannelName code={line.payType} /> {line.currency !== currency && line.currency}
          </strong>
          {!line.isCash &&
            fact(
              t('shifts.platform'),
              `${fenText(line.netFen, line)} (${line.takenCount}/${line.refundedCount})`,
            )}
          {fact('HIS', `${fenText(line.hisFen, line)} (${line.hisCount})`)}
          {!line.isCash &&
            fact(t('shifts.difference'), <Money fen={line.differenceFen} currency={line.currency} />)}
          {line.terminalFen !== null && fact(t('shifts.terminalSlip'), fenText(line.terminalFen, line))}
          {line.terminalDifferenceFen !== null &&
            fact(
              t('shifts.terminalDifference'),
              <Money fen={line.terminalDifferenceFen} currency={line.currency} />,
            )}
        </dl>
      ))}
      <dl className="slip-part">
        <strong>{t('shifts.cash')}</strong>
        {fact(t('shifts.openingFloat'), fenText(cash.openingFloatFen, { currency }))}
        {fact(t('shifts.expected'), fenText(cash.expectedFen, { currency }))}
        {cash.denominations.map(({ fen, count }) =>
          fact(`${currencySign(currency)}${fenText(fen, { currency })}`, `× ${count}`),
        )}
        {fact(
          t('shifts.counted'),
          cash.countedFen === null ? t('shifts.notCounted') : fenText(cash.countedFen, { currency }),
        )}
        {cash.differenceFen !== null &&
          fact(t('shifts.overShort'), <Money fen={cash.differenceFen} currency={currency} />)}
      </dl>
      <dl className="slip-part">
        {fact(t('shifts.note'), shift.note)}
        {fact(t('shifts.closedBy'), shift.closedBy)}
        {fact(
          t('shifts.reviewedBy'),
          shift.reviewedBy && `${shift.reviewedBy} ${dateTimeText(shift.reviewedAt)}`,
        )}
        {fact(t('shifts.reviewNote'), shift.reviewNote)}
      </dl>
      <div className="slip-part receipt-line">
        <span>{t('shifts.signCashier')} ________</span>
        <span>{t('shifts.signFinance')} ________</span>
      </div>
    </article>
  );
}
