import { Button } from 'antd';
import { useState } from 'react';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { MixedDetail } from './MixedDetail';
import { RefundMixed } from './RefundMixed';

/** What is still on its way changes by itself. */
const underWay = new Set(['quoting', 'settling', 'paying', 'undoing', 'refunding']);

export default function MixedPayments() {
  const { t } = useText();
  const [refunding, setRefunding] = useState<{ row: Row; reload: () => void }>();
  return (
    <>
      <SchemaList
        type="mixed-payment"
        title={t('menu.mixedPayments')}
        keyField="mixedNo"
        detailWidth={980}
        follow={(row) => underWay.has(String(row.state))}
        detail={(mixedNo, { screen, row, reload }) => (
          <MixedDetail
            mixedNo={mixedNo}
            screen={screen}
            row={row}
            onChange={reload}
            onRefund={
              screen.can.actions.refund === true ? (mixed) => setRefunding({ row: mixed, reload }) : undefined
            }
          />
        )}
        rowActions={(row, { screen, reload }) =>
          screen.can.actions.refund === true ? (
            <Button
              type="link"
              size="small"
              className="cell-link"
              disabled={row.state !== 'paid'}
              onClick={() => setRefunding({ row, reload })}
            >
              {t('orders.refund')}
            </Button>
          ) : null
        }
      />
      {refunding && (
        <RefundMixed
          mixed={refunding.row}
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
