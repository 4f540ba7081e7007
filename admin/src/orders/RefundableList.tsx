import { Button } from 'antd';
import { type ReactNode, useState } from 'react';
import type { Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { type ListProps, SchemaList } from '../schema/SchemaList';

interface Props extends Omit<ListProps, 'detail' | 'rowActions'> {
  isRefundable: (row: Row) => boolean;
  /** `onRefund` is missing for who may not give money back. */
  detail: (
    key: string,
    helpers: {
      screen: Screen;
      row: Row | undefined;
      reload: () => void;
      onRefund: ((row: Row) => void) | undefined;
    },
  ) => ReactNode;
  dialog: (row: Row, ends: { onClose: () => void; onDone: () => void }) => ReactNode;
}

/** A list of what was paid: whoever may give money back does it from a row or from its detail. */
export function RefundableList({ isRefundable, detail, dialog, ...list }: Props) {
  const { t } = useText();
  const [refunding, setRefunding] = useState<{ row: Row; reload: () => void }>();
  const onClose = () => setRefunding(undefined);
  return (
    <>
      <SchemaList
        {...list}
        detail={(key, { screen, row, reload }) =>
          detail(key, {
            screen,
            row,
            reload,
            onRefund:
              screen.can.actions.refund === true ? (paid) => setRefunding({ row: paid, reload }) : undefined,
          })
        }
        rowActions={(row, { screen, reload }) =>
          screen.can.actions.refund === true ? (
            <Button
              type="link"
              size="small"
              className="cell-link"
              disabled={!isRefundable(row)}
              onClick={() => setRefunding({ row, reload })}
            >
              {t('orders.refund')}
            </Button>
          ) : null
        }
      />
      {refunding &&
        dialog(refunding.row, {
          onClose,
          onDone: () => {
            refunding.reload();
            onClose();
          },
        })}
    </>
  );
}
