import { useQuery } from '@tanstack/react-query';
import { Button, Descriptions, Empty, Flex, Skeleton, Table, Tabs, Timeline } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { Link, useNavigate } from 'react-router';
import { call } from '../http/client';
import { type Location, location, page, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { OrderRouting } from '../routing/OrderRouting';
import { Cell, Money } from '../schema/Cell';
import { Fields } from '../schema/SchemaDetail';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { useAccount } from '../shell/useAccount';
import { dateTimeText } from '../time';
import { refundableFen } from './RefundModal';

export function useLocation(orderNo: string) {
  return useQuery({
    queryKey: ['locate', orderNo],
    queryFn: () => call(`/reconciliation/locate/${encodeURIComponent(orderNo)}`, location),
    enabled: orderNo !== '',
  });
}

const tones = { info: 'blue', success: 'green', warning: 'orange', error: 'red' } as const;

/** What happened to an order, in the order it happened. */
export function OrderTimeline({ events }: { events: Location['timeline'] }) {
  const { t, pick } = useText();
  if (events.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('locate.noTimeline')} />;
  return (
    <Timeline
      items={events.map((event, index) => ({
        key: `${event.kind}-${index}`,
        color: tones[event.tone],
        children: (
          <div>
            <span className="number quiet">{dateTimeText(event.at)}</span> <span>{pick(event)}</span>
            {event.detail !== undefined && event.detail !== null && event.detail !== '' && (
              <div className="quiet">
                {typeof event.detail === 'string' ? event.detail : JSON.stringify(event.detail)}
              </div>
            )}
          </div>
        ),
      }))}
    />
  );
}

/** Rows of one content type in a small table, columns named and drawn by the type's own screen. */
export function RowsOf({
  type,
  rows,
  fields,
  onOpen,
}: {
  type: string;
  rows: Row[];
  fields: string[];
  onOpen?: (row: Row) => void;
}) {
  const { t, pick } = useText();
  const { may } = useAccount();
  const { data: screen } = useScreen(type, rows.length > 0 && type !== 'bill-line' && may('read', type));
  const known = new Map(screen?.fields.map((field) => [field.name, field]));
  const columns: ColumnsType<Row> = fields
    .filter((name) => rows.some((row) => row[name] !== undefined && row[name] !== null && row[name] !== ''))
    .map((name) => {
      const field = known.get(name) ?? plainField(name);
      return {
        key: name,
        title: pick(field.title),
        align: field.kind === 'money' ? ('right' as const) : ('left' as const),
        render: (_: unknown, row: Row) => (
          <Cell field={field} value={row[name]} currency={row.currency} copyable={/No$/.test(name)} />
        ),
      };
    });
  if (onOpen) {
    columns.push({
      key: 'actions',
      title: t('common.actions'),
      render: (_, row) => (
        <Button type="link" size="small" className="cell-link" onClick={() => onOpen(row)}>
          {t('common.view')}
        </Button>
      ),
    });
  }
  return (
    <Table<Row>
      size="small"
      columns={columns}
      dataSource={rows.map((row, index) => ({ ...row, rowIndex: index }))}
      rowKey={(row) => String(row.documentId ?? row.rowIndex)}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} /> }}
    />
  );
}

/** For a type whose screen this account may not read: the value's name tells how to draw it. */
function plainField(name: string): Screen['fields'][number] {
  const kind = name.endsWith('Fen') ? 'money' : name.endsWith('At') || name === 'at' ? 'datetime' : 'string';
  return { name, kind, title: { zh: name, en: name } };
}

interface Props {
  orderNo: string;
  screen: Screen;
  row: Row | undefined;
  onRefund: ((order: Row) => void) | undefined;
}

/** An order with everything that belongs to it. */
export function OrderDetail({ orderNo, screen, row, onRefund }: Props) {
  const { t } = useText();
  const { may } = useAccount();
  const navigate = useNavigate();
  const located = useLocation(orderNo);
  const alone = useQuery({
    queryKey: ['order', orderNo],
    queryFn: () =>
      call('/orders', page, { query: { 'filters[orderNo][$eq]': orderNo } }).then(
        ({ data }) => data[0] ?? null,
      ),
    enabled: row === undefined && located.isError,
  });
  const order: Row | undefined = row
    ? { ...located.data?.order, ...row }
    : (located.data?.order ?? alone.data ?? undefined);
  if (!order) {
    if (located.isPending || alone.isFetching) return <Skeleton active />;
    if (alone.error) return <FailureView error={alone.error} onRetry={() => void alone.refetch()} />;
    return <Empty description={t('orders.notFound')} />;
  }
  const facts = located.data;
  const tab = (key: string, text: string, count: number, children: React.ReactNode) => ({
    key,
    label: count > 0 ? `${text} (${count})` : text,
    children,
  });
  return (
    <Flex vertical gap={12}>
      <Flex justify="space-between" align="center" wrap gap={8}>
        <Descriptions
          size="small"
          column={4}
          style={{ flex: 1 }}
          items={[
            ...screen.fields
              .filter(({ name }) => ['status', 'reconState', 'hisState'].includes(name))
              .map((field) => ({
                key: field.name,
                label: <SmallTitle field={field} />,
                children: <Cell field={field} value={order[field.name]} currency={order.currency} />,
              })),
            {
              key: 'left',
              label: t('orders.refundable'),
              children: <Money fen={refundableFen(order)} currency={order.currency} strong />,
            },
          ]}
        />
        <Flex gap={8}>
          {typeof order.mixedNo === 'string' && may('read', 'mixed-payment') && (
            <Link to={`/mixed-payments?open=${encodeURIComponent(order.mixedNo)}`}>
              <Button>{t('mixed.open')}</Button>
            </Link>
          )}
          {may('read', 'discrepancy') && (
            <Link to={`/locate?no=${encodeURIComponent(orderNo)}`}>
              <Button>{t('orders.locate')}</Button>
            </Link>
          )}
          {onRefund && (
            <Button
              type="primary"
              danger
              disabled={refundableFen(order) <= 0n}
              onClick={() => onRefund(order)}
            >
              {t('orders.refund')}
            </Button>
          )}
        </Flex>
      </Flex>
      {located.error && <FailureView error={located.error} onRetry={() => void located.refetch()} />}
      <Tabs
        size="small"
        items={[
          tab('basic', t('orders.basic'), 0, <Fields screen={screen} row={order} />),
          tab('routing', t('orders.routing'), 0, <OrderRouting orderNo={orderNo} />),
          ...(facts
            ? [
                tab(
                  'timeline',
                  t('orders.timeline'),
                  facts.timeline.length,
                  <OrderTimeline events={facts.timeline} />,
                ),
                tab(
                  'refunds',
                  t('orders.refunds'),
                  facts.refunds.length,
                  <RowsOf
                    type="refund"
                    rows={facts.refunds}
                    fields={[
                      'requestedAt',
                      'refundNo',
                      'amountFen',
                      'status',
                      'source',
                      'reason',
                      'refundedAt',
                      'channelRefundNo',
                      'errorMessage',
                      'operatorCode',
                    ]}
                  />,
                ),
                tab(
                  'attempts',
                  t('orders.attempts'),
                  facts.attempts.length,
                  <RowsOf
                    type="attempt"
                    rows={facts.attempts}
                    fields={[
                      'startedAt',
                      'attemptNo',
                      'channel',
                      'scene',
                      'amountFen',
                      'status',
                      'channelTradeNo',
                      'errorCode',
                      'errorMessage',
                    ]}
                  />,
                ),
                tab(
                  'his',
                  t('orders.hisRecords'),
                  facts.hisRecords.length,
                  <RowsOf
                    type="his-record"
                    rows={facts.hisRecords}
                    fields={[
                      'occurredAt',
                      'hisSerialNo',
                      'kind',
                      'amountFen',
                      'payType',
                      'bizType',
                      'status',
                      'patientName',
                      'cardNo',
                    ]}
                  />,
                ),
                tab(
                  'outbox',
                  t('orders.outbox'),
                  facts.outbox.length,
                  <RowsOf
                    type="outbox"
                    rows={facts.outbox}
                    fields={['createdTime', 'topic', 'status', 'attempts', 'nextAt', 'doneAt', 'lastError']}
                  />,
                ),
                tab(
                  'logs',
                  t('orders.interfaceLogs'),
                  facts.interfaceLogs.length,
                  <RowsOf
                    type="interface-log"
                    rows={facts.interfaceLogs}
                    onOpen={({ documentId }) =>
                      navigate(`/interface-logs?orderNo=${encodeURIComponent(orderNo)}&open=${documentId}`)
                    }
                    fields={[
                      'at',
                      'method',
                      'tradeType',
                      'direction',
                      'httpStatus',
                      'durationMs',
                      'errorCode',
                    ]}
                  />,
                ),
                tab(
                  'bill',
                  t('orders.billLines'),
                  facts.billLines.length,
                  <RowsOf
                    type="bill-line"
                    rows={facts.billLines}
                    fields={['occurredAt', 'kind', 'orderNo', 'channelNo', 'refundNo', 'amountFen', 'feeFen']}
                  />,
                ),
              ]
            : []),
        ]}
      />
    </Flex>
  );
}

function SmallTitle({ field }: { field: Screen['fields'][number] }) {
  const { pick } = useText();
  return pick(field.title);
}
