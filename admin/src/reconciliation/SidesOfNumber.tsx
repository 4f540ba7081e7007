import { Alert, Card, Empty, Flex, Table, Tag } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useText } from '../i18n';
import { Cell, ChannelName, Clipped, CopyableNumber, Money } from '../schema/Cell';
import { useScreen } from '../schema/useScreen';
import { dateTimeText } from '../time';
import { type SideLine, totalOf } from './sides';

/** What each side adds up to, and by how much they differ. */
export function Totals({ his, platform }: { his: SideLine[]; platform: SideLine[] }) {
  const { t } = useText();
  const difference = totalOf(his) - totalOf(platform);
  return (
    <Alert
      type={difference === 0n ? 'success' : 'error'}
      showIcon
      message={
        <Flex gap={28} wrap>
          <span>
            {t('locate.hisTotal')} <Money fen={totalOf(his)} strong />
          </span>
          <span>
            {t('locate.platformTotal')} <Money fen={totalOf(platform)} strong />
          </span>
          <span>
            {t('locate.difference')} <Money fen={difference} strong />
          </span>
        </Flex>
      }
    />
  );
}

interface SideProps {
  title: string;
  missing: string;
  lines: SideLine[];
  kind: 'his' | 'platform';
  extra?: React.ReactNode;
}

/** One side of a number: its entries, or that there are none. */
export function Side({ title, missing, lines, kind, extra }: SideProps) {
  const { t } = useText();
  const columns: ColumnsType<SideLine> = [
    { title: t('locate.status'), render: (_, line) => <Status line={line} /> },
    { title: t('locate.payType'), render: (_, line) => <ChannelName code={line.payType} /> },
    {
      title: t('locate.at'),
      render: (_, line) => (
        <span className="number">
          {typeof line.at === 'string' || typeof line.at === 'number' ? dateTimeText(line.at) : ''}
        </span>
      ),
    },
    {
      title: t('locate.amount'),
      align: 'right',
      render: (_, line) => <Money fen={line.fen} currency={line.currency} strong={line.counts} />,
    },
    ...(kind === 'his'
      ? [
          {
            title: t('locate.hisOrderNo'),
            render: (_: unknown, line: SideLine) =>
              line.number ? <CopyableNumber value={line.number} /> : null,
          },
          {
            title: t('locate.bizType'),
            render: (_: unknown, line: SideLine) => (
              <span>{typeof line.bizType === 'string' ? line.bizType : ''}</span>
            ),
          },
        ]
      : [
          {
            title: t('locate.remark'),
            render: (_: unknown, line: SideLine) => <Clipped text={line.remark} />,
          },
        ]),
  ];
  return (
    <Card
      size="small"
      title={<h2 style={{ fontSize: 14, margin: 0 }}>{title}</h2>}
      extra={extra}
      role="region"
      aria-label={title}
    >
      <Table<SideLine>
        size="small"
        columns={columns}
        dataSource={lines}
        rowKey="key"
        pagination={false}
        scroll={{ x: 'max-content' }}
        locale={{
          emptyText: (
            <Empty
              image={Empty.PRESENTED_IMAGE_SIMPLE}
              styles={{ root: { marginBlock: 0 } }}
              description={<span className="negative">{missing}</span>}
            />
          ),
        }}
      />
    </Card>
  );
}

function Status({ line }: { line: SideLine }) {
  const { t } = useText();
  const { data: screen } = useScreen(line.type === 'bill' ? 'order' : line.type);
  const field = screen?.fields.find(({ name }) => name === 'status');
  const kind = (
    <Tag color={line.isRefund ? 'purple' : 'blue'}>
      {line.isRefund ? t('locate.refund') : t('locate.charge')}
    </Tag>
  );
  return (
    <Flex gap={2}>
      {kind}
      {field && line.type !== 'bill' && <Cell field={field} value={line.status} />}
    </Flex>
  );
}
