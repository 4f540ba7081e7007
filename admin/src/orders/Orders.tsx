import { Button } from 'antd';
import { useState } from 'react';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { OrderDetail } from './OrderDetail';
import { RefundModal, refundableFen } from './RefundModal';

export default function Orders() {
  const { t } = useText();
  const [refunding, setRefunding] = useState<{ row: Row; reload: () => void }>();
  return (
    <>
      <SchemaList
        type="order"
        title={t('menu.orders')}
        keyField="orderNo"
        detailWidth={980}
        detailTitle={t('orders.detail')}
        detail={(orderNo, { screen, row, reload }) => (
          <OrderDetail
            orderNo={orderNo}
            screen={screen}
            row={row}
            onRefund={
              screen.can.actions.refund === true ? (order) => setRefunding({ row: order, reload }) : undefined
            }
          />
        )}
        rowActions={(row, { screen, reload }) =>
          screen.can.actions.refund === true ? (
            <Button
              type="link"
              size="small"
              className="cell-link"
              disabled={refundableFen(row) <= 0n}
              onClick={() => setRefunding({ row, reload })}
            >
              {t('orders.refund')}
            </Button>
          ) : null
        }
      />
      {refunding && (
        <RefundModal
          order={refunding.row}
          onClose={() => setRefunding(undefined)}
          onDone={() => {
            refunding.reload();
            setRefunding(undefined);
          }}
        />
      )}
    </>
  );
}
