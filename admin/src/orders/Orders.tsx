import { useText } from '../i18n';
import { OrderDetail } from './OrderDetail';
import { RefundableList } from './RefundableList';
import { RefundModal, refundableFen } from './RefundModal';

export default function Orders() {
  const { t } = useText();
  return (
    <RefundableList
      type="order"
      title={t('menu.orders')}
      keyField="orderNo"
      detailWidth={980}
      detailTitle={t('orders.detail')}
      isRefundable={(order) => refundableFen(order) > 0n}
      detail={(orderNo, { screen, row, onRefund }) => (
        <OrderDetail orderNo={orderNo} screen={screen} row={row} onRefund={onRefund} />
      )}
      dialog={(order, ends) => <RefundModal order={order} {...ends} />}
    />
  );
}
