import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Descriptions, Empty, Flex, Skeleton, Typography } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call } from '../http/client';
import { page, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { RowsOf } from '../orders/OrderDetail';
import { Cell } from '../schema/Cell';
import { Fields } from '../schema/SchemaDetail';
import { FailureView } from '../shell/FailureView';
import { useToast } from '../shell/useToast';
import { mixedAnswer, useMixedReport } from './RefundMixed';

const isStopped = (row: Row) => row.state === 'undo_stopped' || row.state === 'refund_stopped';

const shares = ['fundFen', 'accountFen', 'otherFen', 'cashFen', 'totalFen'];

interface Props {
  mixedNo: string;
  screen: Screen;
  row: Row | undefined;
  onChange: () => void;
  onRefund: ((mixed: Row) => void) | undefined;
}

/** A mixed payment: who bore what, how both halves stand, and what has gone back. */
export function MixedDetail({ mixedNo, screen, row, onChange, onRefund }: Props) {
  const { t, pick } = useText();
  const navigate = useNavigate();
  const toast = useToast();
  const client = useQueryClient();
  const report = useMixedReport();
  const [isBusy, setBusy] = useState(false);
  const rows = (type: string, query: Record<string, string>) => ({
    queryKey: ['mixed', type, mixedNo, row?.state],
    queryFn: () => call(`/${type}`, page, { query }).then(({ data }) => data),
  });
  const found = useQuery({
    ...rows('mixed-payments', { 'filters[mixedNo][$eq]': mixedNo }),
    enabled: row === undefined,
  });
  const orders = useQuery(rows('orders', { 'filters[mixedNo][$eq]': mixedNo, sort: 'createdTime' }));
  const refunds = useQuery(
    rows('refunds', { 'filters[orderNo][$startsWith]': mixedNo, sort: 'requestedAt' }),
  );
  const mixed = row ?? found.data?.[0];
  if (!mixed) {
    if (found.isPending) return <Skeleton active />;
    if (found.error) return <FailureView error={found.error} onRetry={() => void found.refetch()} />;
    return <Empty description={t('common.empty')} />;
  }

  const retry = async () => {
    setBusy(true);
    try {
      const path = `/payments/mixed-payments/${encodeURIComponent(mixedNo)}/retry`;
      report(await call(path, mixedAnswer, { method: 'POST' }));
      await client.invalidateQueries({ queryKey: ['mixed'] });
      onChange();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" align="center" wrap gap={8}>
        <Descriptions
          size="small"
          column={3}
          style={{ flex: 1 }}
          items={['state', 'hisState', 'insuranceChannel'].flatMap((name) => {
            const field = screen.fields.find((each) => each.name === name);
            return field
              ? [
                  {
                    key: name,
                    label: pick(field.title),
                    children: <Cell field={field} value={mixed[name]} />,
                  },
                ]
              : [];
          })}
        />
        {onRefund && (
          <Button type="primary" danger disabled={mixed.state !== 'paid'} onClick={() => onRefund(mixed)}>
            {t('orders.refund')}
          </Button>
        )}
      </Flex>
      {isStopped(mixed) && (
        <Alert
          type="error"
          showIcon
          message={t('mixed.stopped')}
          description={String(mixed.errorMessage ?? '')}
          action={
            onRefund && (
              <Button danger loading={isBusy} onClick={() => void retry()}>
                {t('mixed.retry')}
              </Button>
            )
          }
        />
      )}
      <RowsOf type="mixed-payment" rows={[mixed]} fields={shares} />
      <Typography.Text strong>{t('mixed.halves')}</Typography.Text>
      {orders.error && <FailureView error={orders.error} onRetry={() => void orders.refetch()} />}
      <RowsOf
        type="order"
        rows={orders.data ?? []}
        fields={[
          'channel',
          'orderNo',
          'status',
          'amountFen',
          'paidFen',
          'refundedFen',
          'paidAt',
          'reconState',
        ]}
        onOpen={(order) => navigate(`/orders?open=${encodeURIComponent(String(order.orderNo))}`)}
      />
      {(refunds.data ?? []).length > 0 && (
        <>
          <Typography.Text strong>{t('orders.refunds')}</Typography.Text>
          <RowsOf
            type="refund"
            rows={refunds.data ?? []}
            fields={[
              'requestedAt',
              'refundNo',
              'channel',
              'amountFen',
              'status',
              'refundedAt',
              'errorMessage',
            ]}
          />
        </>
      )}
      <Fields screen={screen} row={mixed} />
    </Flex>
  );
}
