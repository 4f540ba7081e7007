import { Empty, Table, Tag } from 'antd';
import type { RoutingView } from '../http/contracts';
import { useText } from '../i18n';
import { ChannelAccountName, ChannelName } from '../schema/Cell';

const verdictColor = (verdict: string): string => {
  if (verdict === 'chosen') return 'success';
  if (verdict === 'sharing') return 'processing';
  return ['channel_disabled', 'account_disabled', 'circuit_open'].includes(verdict) ? 'error' : 'default';
};
const circuitColor = { closed: 'success', trial: 'warning', open: 'error' } as const;

export const isTaken = (verdict: string): boolean => verdict === 'chosen' || verdict === 'sharing';

/** Every route of the merchant and why it was taken or not; the one taken first. */
export function RoutingTable({ routing }: { routing: RoutingView }) {
  const { t } = useText();
  const total = routing.routes.reduce((sum, { weight }) => sum + weight, 0);
  const rows = routing.routes
    .map((route, index) => ({ ...route, index }))
    .sort((a, b) => Number(isTaken(b.verdict)) - Number(isTaken(a.verdict)) || a.index - b.index);
  return (
    <Table
      size="small"
      rowKey="index"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{
        emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('routing.noRoutes')} />,
      }}
      columns={[
        {
          title: t('routing.verdict'),
          render: (_, { verdict, weight }) => (
            <>
              <Tag color={verdictColor(verdict)}>
                {t(`routing.verdicts.${verdict}`, { defaultValue: verdict })}
              </Tag>
              {weight > 0 && <span className="quiet">{t('routing.share', { weight, total })}</span>}
            </>
          ),
        },
        { title: t('routing.route'), dataIndex: 'name' },
        { title: t('routing.channel'), render: (_, { channel }) => <ChannelName code={channel} /> },
        {
          title: t('routing.account'),
          render: (_, { accountCode }) => <ChannelAccountName code={accountCode} />,
        },
        { title: t('routing.priority'), dataIndex: 'priority', align: 'right' },
        {
          title: t('routing.circuit'),
          render: (_, { circuit }) =>
            circuit ? (
              <Tag color={circuitColor[circuit]}>{t(`routing.circuits.${circuit}`)}</Tag>
            ) : (
              <span className="quiet">—</span>
            ),
        },
      ]}
    />
  );
}
