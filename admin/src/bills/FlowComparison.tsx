import { useQuery } from '@tanstack/react-query';
import { Alert, Flex, Skeleton, Table } from 'antd';
import { call } from '../http/client';
import { useText } from '../i18n';
import { sumFen, toBigInt } from '../money';
import { CopyableNumber, Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { type FlowDifference, flowComparison } from './contracts';

/** What moved on the merchant's account at the channel, against what the trade bill and its fees say. */
export function FlowComparison({ path }: { path: string }) {
  const { t } = useText();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['bill-flows', path],
    queryFn: () => call(`${path}/fund-flow`, flowComparison),
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Skeleton active />;
  const gap = (toBigInt(data.flow.netFen) ?? 0n) - (toBigInt(data.trade.netFen) ?? 0n);
  return (
    <section aria-label={t('bills.comparison')}>
      <Alert
        type={data.differing === 0 ? 'success' : 'warning'}
        showIcon
        message={
          data.differing === 0 ? t('bills.flowsAgree') : t('bills.flowsDiffer', { count: data.differing })
        }
        style={{ marginBottom: 12 }}
      />
      <Flex gap={24} wrap style={{ marginBottom: 12 }}>
        <span>
          {t('bills.tradeNet')} <Money fen={data.trade.netFen} strong />
        </span>
        <span>
          {t('bills.flowNet')} <Money fen={data.flow.netFen} strong />
        </span>
        <span>
          {t('bills.gap')} <Money fen={gap} strong />
        </span>
        <span>
          {t('bills.withdrawn')} <Money fen={data.flow.withdrawnFen} />
        </span>
      </Flex>
      <Table
        size="small"
        pagination={false}
        dataSource={data.byLabel}
        rowKey="label"
        columns={[
          { title: t('bills.label'), dataIndex: 'label' },
          { title: t('bills.lineCount'), dataIndex: 'lines', align: 'right' },
          { title: t('bills.amount'), align: 'right', render: (_, row) => <Money fen={row.amountFen} /> },
        ]}
        summary={(rows) => (
          <Table.Summary.Row>
            <Table.Summary.Cell index={0} colSpan={2}>
              <strong>{t('common.totalRow')}</strong>
            </Table.Summary.Cell>
            <Table.Summary.Cell index={2} align="right">
              <Money fen={sumFen(rows.map(({ amountFen }) => amountFen))} strong />
            </Table.Summary.Cell>
          </Table.Summary.Row>
        )}
        style={{ marginBottom: 12 }}
      />
      {data.differences.length > 0 && (
        <Table<FlowDifference>
          size="small"
          dataSource={data.differences}
          rowKey="orderNo"
          pagination={{ pageSize: 20, hideOnSinglePage: true }}
          columns={[
            { title: t('bills.orderNo'), render: (_, row) => <CopyableNumber value={row.orderNo} /> },
            { title: t('bills.tradeNet'), align: 'right', render: (_, row) => <Money fen={row.tradeFen} /> },
            { title: t('bills.flowNet'), align: 'right', render: (_, row) => <Money fen={row.flowFen} /> },
            {
              title: t('bills.gap'),
              align: 'right',
              render: (_, row) => <Money fen={row.differenceFen} strong />,
            },
          ]}
        />
      )}
    </section>
  );
}
