import { useText } from '../i18n';
import { RefundableList } from '../orders/RefundableList';
import { MixedDetail } from './MixedDetail';
import { RefundMixed } from './RefundMixed';

/** What is still on its way changes by itself. */
const underWay = new Set(['quoting', 'settling', 'paying', 'undoing', 'refunding']);

export default function MixedPayments() {
  const { t } = useText();
  return (
    <RefundableList
      type="mixed-payment"
      title={t('menu.mixedPayments')}
      keyField="mixedNo"
      detailWidth={980}
      follow={(row) => underWay.has(String(row.state))}
      isRefundable={(mixed) => mixed.state === 'paid'}
      detail={(mixedNo, { screen, row, reload, onRefund }) => (
        <MixedDetail mixedNo={mixedNo} screen={screen} row={row} onChange={reload} onRefund={onRefund} />
      )}
      dialog={(mixed, ends) => <RefundMixed mixed={mixed} {...ends} />}
    />
  );
}
