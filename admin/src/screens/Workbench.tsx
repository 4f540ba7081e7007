import { ReloadOutlined } from '@ant-design/icons';
import { useList } from '@refinedev/core';
import { useQuery } from '@tanstack/react-query';
import {
  Button,
  Card,
  Col,
  Empty,
  Flex,
  Row as Line,
  Progress,
  Skeleton,
  Statistic,
  Table,
  Typography,
} from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { call } from '../http/client';
import { type Row, type TodayFigures, todayFigures } from '../http/contracts';
import { useText } from '../i18n';
import { sumFen, toBigInt } from '../money';
import { locationOf } from '../reconciliation/locationOf';
import { ofMerchant, unhandled, unhandledCases } from '../reconciliation/unhandled';
import { ChannelName, CopyableNumber, CurrencyAround, Money } from '../schema/Cell';
import { CurrencyChoice } from '../shell/CurrencyChoice';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useAccount } from '../shell/useAccount';
import { useAsked } from '../shell/useAsked';
import { dateTimeText } from '../time';
import { MoneyChart } from './MoneyChart';

const minute = 60_000;

export default function Workbench() {
  const { t } = useText();
  const { search, go } = useAsked();
  const merchantCode = search.get('merchantCode') ?? undefined;
  const currency = search.get('currency') ?? undefined;
  const { data, error, isPending, isFetching, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['today', merchantCode, currency],
    queryFn: () => call('/reconciliation/today', todayFigures, { query: { merchantCode, currency } }),
    refetchInterval: minute,
  });
  return (
    <Page
      title={t('workbench.title')}
      currency={data?.currency}
      extra={
        <>
          {data && (
            <Typography.Text type="secondary">
              {t('workbench.updated', { time: dateTimeText(dataUpdatedAt) })}
            </Typography.Text>
          )}
          <MerchantChoice value={merchantCode} onChange={(code) => go({ merchantCode: code })} />
          <CurrencyChoice figures={data} onChange={(code) => go({ currency: code })} />
          <Button
            icon={<ReloadOutlined />}
            loading={isFetching}
            aria-label={t('common.reload')}
            onClick={() => void refetch()}
          />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active paragraph={{ rows: 10 }} />}
      {data && <Figures figures={data} merchantCode={merchantCode} />}
    </Page>
  );
}

function Figure({
  title,
  value,
  foot,
  to,
  alarm = false,
}: {
  title: string;
  value: ReactNode;
  foot?: ReactNode;
  to?: string;
  alarm?: boolean;
}) {
  const card = (
    <Card size="small" hoverable={to !== undefined} style={{ height: '100%' }}>
      <Statistic
        title={title}
        valueRender={() => <span className={alarm ? 'negative' : undefined}>{value}</span>}
      />
      <div className="quiet" style={{ minHeight: 22 }}>
        {foot}
      </div>
    </Card>
  );
  return <Col span={6}>{to ? <Link to={to}>{card}</Link> : card}</Col>;
}

function Figures({ figures, merchantCode }: { figures: TodayFigures; merchantCode: string | undefined }) {
  const { t } = useText();
  const { may } = useAccount();
  const rate =
    figures.successRate === null || figures.successRate === undefined
      ? '—'
      : `${Math.round(figures.successRate * 1000) / 10}%`;
  const fen = (value: string) => Number(toBigInt(value) ?? 0n);
  const total = sumFen(figures.byChannel.map(({ takenFen }) => takenFen));
  return (
    <Flex vertical gap={12}>
      <Line gutter={12}>
        <Figure
          title={t('workbench.taken')}
          value={<Money fen={figures.takenFen} sign />}
          foot={t('common.count', { count: figures.takenCount })}
        />
        <Figure
          title={t('workbench.refunded')}
          value={<Money fen={figures.refundedFen} sign />}
          foot={t('common.count', { count: figures.refundedCount })}
        />
        <Figure
          title={t('workbench.successRate')}
          value={rate}
          foot={
            figures.unknownOrders > 0 ? (
              <span className="alarm">
                {t('workbench.unknown')} {figures.unknownOrders}
              </span>
            ) : (
              t('workbench.attempted', { count: figures.attempted })
            )
          }
          {...(figures.unknownOrders > 0 && may('read', 'order')
            ? { to: `/orders?status=unknown${ofMerchant(merchantCode)}` }
            : {})}
        />
        <Figure
          title={t('workbench.openCases')}
          value={figures.openDiscrepancies}
          alarm={figures.openDiscrepancies > 0}
          foot={
            <>
              {t('workbench.openDifference')} <Money fen={figures.openDifferenceFen} />
            </>
          }
          {...(may('read', 'discrepancy') ? { to: unhandledCases(merchantCode) } : {})}
        />
      </Line>
      <Line gutter={12}>
        <Col span={16}>
          <section className="panel" aria-label={t('workbench.trend')}>
            <h2>{t('workbench.trend')}</h2>
            <MoneyChart
              kind="line"
              label={t('workbench.chartLabel')}
              categories={figures.trend.map(({ date }) => date.slice(5))}
              series={[
                {
                  name: t('workbench.platform'),
                  color: '#0958d9',
                  values: figures.trend.map(({ takenFen }) => fen(takenFen)),
                },
                {
                  name: t('workbench.his'),
                  color: '#d48806',
                  values: figures.trend.map(({ hisFen }) => fen(hisFen)),
                },
              ]}
            />
          </section>
        </Col>
        <Col span={8}>
          <section className="panel" aria-label={t('workbench.byChannel')} style={{ height: '100%' }}>
            <h2>{t('workbench.byChannel')}</h2>
            {figures.byChannel.length === 0 ? (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('workbench.noTrade')} />
            ) : (
              <Flex vertical gap={10}>
                {figures.byChannel.map(({ payType, takenFen, count }) => {
                  const part =
                    total > 0n ? Number(((toBigInt(takenFen) ?? 0n) * 100n + total / 2n) / total) : 0;
                  return (
                    <div key={payType ?? ''}>
                      <Flex justify="space-between">
                        <ChannelName code={payType} />
                        <span>
                          <Money fen={takenFen} strong />{' '}
                          <span className="quiet">{t('common.count', { count })}</span>
                        </span>
                      </Flex>
                      <Progress percent={part} size="small" strokeColor="#0958d9" />
                    </div>
                  );
                })}
              </Flex>
            )}
          </section>
        </Col>
      </Line>
      <Line gutter={12}>
        {may('read', 'discrepancy') && (
          <Col span={16}>
            {/* The list is of all currencies. */}
            <CurrencyAround.Provider value={undefined}>
              <OpenCases merchantCode={merchantCode} />
            </CurrencyAround.Provider>
          </Col>
        )}
        <Col span={8}>
          <section className="panel" aria-label={t('workbench.hourly')}>
            <h2>{t('workbench.hourly')}</h2>
            <MoneyChart
              kind="bar"
              label={t('workbench.hourlyLabel')}
              height={210}
              categories={figures.hourly.map(({ hour }) => String(hour))}
              series={[
                {
                  name: t('workbench.platform'),
                  color: '#0958d9',
                  values: figures.hourly.map(({ takenFen }) => fen(takenFen)),
                },
              ]}
            />
          </section>
        </Col>
      </Line>
    </Flex>
  );
}

function OpenCases({ merchantCode }: { merchantCode: string | undefined }) {
  const { t } = useText();
  const { query, result } = useList<Row & { id?: string }>({
    resource: 'discrepancies',
    filters: [
      { field: 'status', operator: 'in', value: unhandled },
      ...(merchantCode ? [{ field: 'merchantCode', operator: 'eq' as const, value: merchantCode }] : []),
    ],
    sorters: [{ field: 'occurredAt', order: 'desc' }],
    pagination: { currentPage: 1, pageSize: 6 },
    queryOptions: { retry: false },
    errorNotification: false,
  });
  const rows: Row[] = result.data;
  return (
    <section className="panel" aria-label={t('workbench.cases')}>
      <Flex justify="space-between">
        <h2 style={{ fontSize: 15, margin: '0 0 10px' }}>{t('workbench.cases')}</h2>
        <Link to={unhandledCases(merchantCode)}>{t('workbench.more')}</Link>
      </Flex>
      {query.error ? (
        <FailureView error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Table<Row>
          size="small"
          loading={query.isPending}
          dataSource={rows}
          rowKey={(row) => String(row.caseNo ?? row.documentId)}
          pagination={false}
          scroll={{ x: 'max-content' }}
          locale={{
            emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('workbench.noCases')} />,
          }}
          columns={[
            {
              title: t('locate.at'),
              render: (_, row) => (
                <span className="number">
                  {dateTimeText(typeof row.occurredAt === 'string' ? row.occurredAt : null)}
                </span>
              ),
            },
            {
              title: t('statistics.orderNo'),
              render: (_, row) => <CopyableNumber value={locationOf(row)} />,
            },
            { title: t('locate.payType'), render: (_, row) => <ChannelName code={row.payType} /> },
            {
              title: t('statistics.platformAmount'),
              align: 'right',
              render: (_, row) => <Money fen={row.platformFen} />,
            },
            {
              title: t('statistics.hisAmount'),
              align: 'right',
              render: (_, row) => <Money fen={row.hisFen} />,
            },
            {
              title: t('statistics.tradeDifference'),
              align: 'right',
              render: (_, row) => <Money fen={row.differenceFen} />,
            },
            {
              title: t('common.actions'),
              render: (_, row) => (
                <Link to={`/locate?no=${encodeURIComponent(locationOf(row))}`}>{t('workbench.handle')}</Link>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}
