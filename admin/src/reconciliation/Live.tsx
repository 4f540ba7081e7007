import {
  Badge,
  Card,
  Col,
  Empty,
  Flex,
  Row as Line,
  Segmented,
  Skeleton,
  Table,
  Tag,
  Typography,
} from 'antd';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { LiveFigures, Row } from '../http/contracts';
import { useText } from '../i18n';
import { sumFen, toBigInt } from '../money';
import { Cell, ChannelName, Money } from '../schema/Cell';
import { useScreen } from '../schema/useScreen';
import { MoneyChart } from '../screens/MoneyChart';
import { CurrencyChoice } from '../shell/CurrencyChoice';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useMerchants } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { useAsked } from '../shell/useAsked';
import { clockText } from '../time';
import { type Alert, farewellMs, mergeAlerts } from './alerts';
import { locationOf } from './locationOf';
import { unhandledCases } from './unhandled';
import { type Connection, useLive } from './useLive';

/** Today as it happens: moved by the server, not by a button. */
export default function Live() {
  const { t } = useText();
  const { may } = useAccount();
  const { search, go } = useAsked();
  const merchantCode = search.get('merchantCode') ?? undefined;
  const currency = search.get('currency') ?? undefined;
  const { figures, connection, failure } = useLive(merchantCode, currency);
  return (
    <Page
      title={t('live.title')}
      currency={figures?.today.currency}
      extra={
        <>
          <State connection={connection} />
          <MerchantChoice value={merchantCode} onChange={(code) => go({ merchantCode: code })} />
          <CurrencyChoice figures={figures?.today} onChange={(code) => go({ currency: code })} />
        </>
      }
    >
      {failure && <FailureView error={failure} />}
      {!figures && !failure && <Skeleton active paragraph={{ rows: 10 }} />}
      {figures && (
        <Flex vertical gap={10}>
          <Figures figures={figures} merchantCode={merchantCode} />
          <Line gutter={10}>
            <Col span={15}>
              <Chart figures={figures} />
            </Col>
            <Col span={9}>
              <Sums figures={figures} />
            </Col>
          </Line>
          <Line gutter={10}>
            {may('read', 'order') && (
              <Col span={15}>
                <Orders key={merchantCode} rows={figures.orders} />
              </Col>
            )}
            {may('read', 'discrepancy') && (
              <Col span={9}>
                <Alerts key={merchantCode} rows={figures.alerts} open={figures.today.openDiscrepancies} />
              </Col>
            )}
          </Line>
        </Flex>
      )}
    </Page>
  );
}

const tones = { connecting: 'processing', live: 'success', broken: 'error', paused: 'default' } as const;

function State({ connection }: { connection: Connection }) {
  const { t } = useText();
  return (
    <span role="status">
      <Badge status={tones[connection]} text={t(`live.connection.${connection}`)} />
    </span>
  );
}

function Figure({
  title,
  value,
  foot,
  to,
}: {
  title: string;
  value: ReactNode;
  foot: ReactNode;
  to?: string;
}) {
  const card = (
    <Card size="small" hoverable={to !== undefined} styles={{ body: { padding: '8px 12px' } }}>
      <div className="quiet">{title}</div>
      <div className="number" style={{ fontSize: 22, lineHeight: '30px', whiteSpace: 'nowrap' }}>
        {value}
      </div>
      <div className="quiet" style={{ minHeight: 22, whiteSpace: 'nowrap' }}>
        {foot}
      </div>
    </Card>
  );
  return <Col flex="1 1 0">{to ? <Link to={to}>{card}</Link> : card}</Col>;
}

function Figures({
  figures: { today, byType, states },
  merchantCode,
}: {
  figures: LiveFigures;
  merchantCode: string | undefined;
}) {
  const { t } = useText();
  const { may } = useAccount();
  const difference = sumFen(byType.map(({ differenceFen }) => differenceFen));
  return (
    <Line gutter={10} wrap={false}>
      <Figure
        title={t('live.taken')}
        value={<Money fen={today.takenFen} sign />}
        foot={t('common.count', { count: today.takenCount })}
      />
      <Figure
        title={t('live.refunded')}
        value={<Money fen={today.refundedFen} sign />}
        foot={t('common.count', { count: today.refundedCount })}
      />
      <Figure
        title={t('live.count')}
        value={today.takenCount}
        foot={t('live.attempted', { count: today.attempted })}
      />
      <Figure title={t('live.difference')} value={<Money fen={difference} />} foot={t('live.sign')} />
      <Figure
        title={t('live.alerts')}
        value={
          <span className={today.openDiscrepancies > 0 ? 'negative' : ''}>{today.openDiscrepancies}</span>
        }
        foot={
          <>
            {t('live.openDifference')} <Money fen={today.openDifferenceFen} />
          </>
        }
        {...(may('read', 'discrepancy') ? { to: unhandledCases(merchantCode) } : {})}
      />
      <Figure
        title={t('live.states')}
        value={
          <span className={states.abnormal > 0 ? 'negative' : ''}>
            {t('live.abnormal', { count: states.abnormal })}
          </span>
        }
        foot={`${t('live.normal', { count: states.normal })} · ${t('live.waiting', { count: states.waiting })}`}
      />
    </Line>
  );
}

const numberOf = (fen: string) => Number(toBigInt(fen) ?? 0n);

function Chart({ figures: { today, lastHour } }: { figures: LiveFigures }) {
  const { t } = useText();
  const [span, setSpan] = useState<'hour' | 'day'>('hour');
  const points =
    span === 'hour'
      ? lastHour.map(({ at, takenFen }) => ({ name: clockText(at).slice(0, 5), takenFen }))
      : today.hourly.map(({ hour, takenFen }) => ({ name: String(hour), takenFen }));
  return (
    <section className="panel" aria-label={t(`live.${span}Label`)} style={{ height: 250 }}>
      <Flex justify="space-between">
        <h2 style={{ fontSize: 15, margin: 0 }}>{t(`live.${span}Label`)}</h2>
        <Segmented
          size="small"
          value={span}
          onChange={setSpan}
          options={[
            { value: 'hour', label: t('live.hour') },
            { value: 'day', label: t('live.day') },
          ]}
        />
      </Flex>
      <MoneyChart
        kind="bar"
        label={t(`live.${span}Label`)}
        height={196}
        categories={points.map(({ name }) => name)}
        series={[
          {
            name: t('live.takenSeries'),
            color: '#0958d9',
            values: points.map(({ takenFen }) => numberOf(takenFen)),
          },
        ]}
      />
    </section>
  );
}

function Sums({ figures: { byType, byMerchant } }: { figures: LiveFigures }) {
  const { t } = useText();
  const { nameOf } = useMerchants();
  return (
    <section className="panel" aria-label={t('live.byType')} style={{ height: 250, overflow: 'auto' }}>
      <Table<LiveFigures['byType'][number]>
        size="small"
        pagination={false}
        dataSource={byType}
        rowKey={({ payType }) => payType ?? ''}
        columns={[
          { title: t('live.byType'), render: (_, { payType }) => <ChannelName code={payType} /> },
          ...(['platformFen', 'hisFen', 'differenceFen'] as const).map((name) => ({
            key: name,
            title: t(`live.${name}`),
            align: 'right' as const,
            render: (_: unknown, row: LiveFigures['byType'][number]) => <Money fen={row[name]} />,
          })),
        ]}
      />
      {byMerchant.length > 1 && (
        <Table<LiveFigures['byMerchant'][number]>
          size="small"
          pagination={false}
          dataSource={byMerchant}
          rowKey="merchantCode"
          columns={[
            { title: t('live.byMerchant'), render: (_, { merchantCode }) => nameOf(merchantCode) },
            { title: t('summary.count'), dataIndex: 'count', align: 'right' },
            { title: t('live.taken'), align: 'right', render: (_, { takenFen }) => <Money fen={takenFen} /> },
          ]}
        />
      )}
    </section>
  );
}

/** Rows that were there when the page opened arrive without ado. */
function useFresh(keys: string[]): (key: string) => string {
  const first = useRef(new Set(keys));
  return (key) => (first.current.has(key) ? '' : 'fresh');
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function Orders({ rows }: { rows: Row[] }) {
  const { t, pick } = useText();
  const { data: screen } = useScreen('order');
  const fresh = useFresh(rows.map(({ orderNo }) => text(orderNo)));
  const column = (name: string) => {
    const field = screen?.fields.find((candidate) => candidate.name === name);
    if (!field) return [];
    return [
      {
        key: name,
        title: pick(field.title),
        align: field.kind === 'money' ? ('right' as const) : ('left' as const),
        render: (_: unknown, row: Row) => <Cell field={field} value={row[name]} currency={row.currency} />,
      },
    ];
  };
  return (
    <section className="panel" aria-label={t('live.orders')} style={{ height: 300 }}>
      <h2>{t('live.orders')}</h2>
      <Table<Row>
        size="small"
        className="rows"
        pagination={false}
        scroll={{ x: 'max-content', y: 200 }}
        dataSource={rows}
        rowKey={({ orderNo }) => text(orderNo)}
        rowClassName={({ orderNo }) => fresh(text(orderNo))}
        locale={{
          emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('live.noOrders')} />,
        }}
        columns={[
          {
            title: t('locate.at'),
            render: (_, { createdTime }) => <span className="number">{clockText(text(createdTime))}</span>,
          },
          {
            title: t('statistics.orderNo'),
            render: (_, { orderNo }) => (
              <Link className="number" to={`/locate?no=${encodeURIComponent(text(orderNo))}`}>
                {text(orderNo)}
              </Link>
            ),
          },
          ...['reconState', 'anomalies', 'payType', 'status', 'amountFen', 'hisChargedFen'].flatMap(column),
        ]}
      />
    </section>
  );
}

function Alerts({ rows, open }: { rows: Row[]; open: number }) {
  const { t } = useText();
  const { data: screen } = useScreen('discrepancy');
  const kind = screen?.fields.find(({ name }) => name === 'kind');
  const [alerts, setAlerts] = useState<Alert[]>(() => mergeAlerts([], rows, true, Date.now()));
  const fresh = useFresh(rows.map(({ caseNo }) => text(caseNo)));
  useEffect(() => {
    const merge = () => setAlerts((shown) => mergeAlerts(shown, rows, open <= rows.length, Date.now()));
    merge();
    const farewell = setTimeout(merge, farewellMs + 100);
    return () => clearTimeout(farewell);
  }, [rows, open]);
  return (
    <section className="panel" aria-label={t('live.alerts')} style={{ height: 300, overflow: 'auto' }}>
      <h2>{t('live.alerts')}</h2>
      {alerts.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('live.noAlerts')} />}
      <Flex vertical gap={4}>
        {alerts.map(({ row, healedAt }) => (
          <Flex
            key={text(row.caseNo)}
            className={healedAt === undefined ? fresh(text(row.caseNo)) : 'healed'}
            gap={6}
            align="center"
          >
            {healedAt === undefined && kind ? (
              <Cell field={kind} value={row.kind} />
            ) : (
              <Tag color="success">{t('live.healed')}</Tag>
            )}
            <Link to={`/locate?no=${encodeURIComponent(locationOf(row))}`} style={{ flex: 1, minWidth: 0 }}>
              <Typography.Text className="number" ellipsis={{ tooltip: locationOf(row) }}>
                {locationOf(row)}
              </Typography.Text>
            </Link>
            <Money fen={row.differenceFen} currency={row.currency} />
          </Flex>
        ))}
      </Flex>
    </section>
  );
}
