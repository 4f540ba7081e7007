import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Alert, Button, Drawer, Empty, Flex, Popconfirm, Skeleton, Table, Tag, Typography } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { z } from 'zod';
import { ExportButton } from '../exports/ExportButton';
import { call } from '../http/client';
import {
  analysis,
  type Field,
  type Row,
  runs,
  type Summary as SummaryFigures,
  summary,
} from '../http/contracts';
import { useText } from '../i18n';
import { sumFen, toBigInt } from '../money';
import { Cell, ChannelName, CopyableNumber, Money } from '../schema/Cell';
import { DayRange } from '../schema/FilterBar';
import { joinRange, splitRange } from '../schema/filters';
import { useScreen } from '../schema/useScreen';
import { CurrencyChoice } from '../shell/CurrencyChoice';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useAccount } from '../shell/useAccount';
import { useAsked } from '../shell/useAsked';
import { useToast } from '../shell/useToast';
import { addDays, dateTimeText, today } from '../time';
import { FirstOf } from './FirstOf';
import { locationOf } from './locationOf';

type ByDay = SummaryFigures['byDay'][number];
type ByType = SummaryFigures['byType'][number];

/** What hospital and platform took, by payment type and by day. Difference = platform − hospital. */
export default function Summary() {
  const { t } = useText();
  const navigate = useNavigate();
  const toast = useToast();
  const { may } = useAccount();
  const { search, go } = useAsked();
  const now = today();
  const from = search.get('from') ?? addDays(now, -6);
  const to = search.get('to') ?? now;
  const merchantCode = search.get('merchantCode') ?? undefined;
  const currency = search.get('currency') ?? undefined;
  const opened = search.get('open');
  const [runningDate, setRunningDate] = useState<string>();

  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['summary', from, to, merchantCode, currency],
    queryFn: () => call('/reconciliation/summary', summary, { query: { from, to, merchantCode, currency } }),
  });

  const run = async (date: string) => {
    setRunningDate(date);
    try {
      await call('/reconciliation/runs', runs, { method: 'POST', body: { date } });
      toast.success(t('summary.started'));
      navigate(`/reconciliation-runs?date=${date}~${date}`);
    } catch (failure) {
      toast.failure(failure);
    } finally {
      setRunningDate(undefined);
    }
  };

  const money = (title: string, name: 'hisFen' | 'platformFen' | 'differenceFen') => ({
    key: name,
    title,
    align: 'right' as const,
    render: (_: unknown, row: ByType) => <Money fen={row[name]} strong={name === 'differenceFen'} />,
  });
  const days = [...(data?.byDay ?? [])].sort(
    (a, b) => b.date.localeCompare(a.date) || String(a.payType).localeCompare(String(b.payType)),
  );
  const span = (row: ByDay, index: number) =>
    index > 0 && days[index - 1]?.date === row.date ? 0 : days.filter(({ date }) => date === row.date).length;

  const dayColumns: ColumnsType<ByDay> = [
    {
      key: 'date',
      title: t('common.date'),
      render: (_, row) => <span className="number">{row.date}</span>,
      onCell: (row, index) => ({ rowSpan: span(row, index ?? 0) }),
    },
    { key: 'payType', title: t('summary.payType'), render: (_, row) => <ChannelName code={row.payType} /> },
    money(t('summary.hisDay'), 'hisFen'),
    money(t('summary.platformDay'), 'platformFen'),
    money(t('summary.differenceDay'), 'differenceFen'),
    {
      key: 'analysis',
      title: t('summary.analysis'),
      render: (_, row) => (
        <Button
          type="link"
          size="small"
          className="cell-link"
          onClick={() => go({ open: `${row.date}~${row.payType ?? ''}` })}
        >
          {t('common.view')}
        </Button>
      ),
    },
  ];
  if (may('reconcile', 'reconciliation-run')) {
    dayColumns.push({
      key: 'run',
      title: t('common.actions'),
      onCell: (row, index) => ({ rowSpan: span(row, index ?? 0) }),
      render: (_, row) => (
        <Popconfirm
          title={t('summary.runSure', { date: row.date })}
          okText={t('common.confirm')}
          cancelText={t('common.cancel')}
          disabled={row.date >= now}
          onConfirm={() => void run(row.date)}
        >
          <Button size="small" disabled={row.date >= now} loading={runningDate === row.date}>
            {t('summary.run')}
          </Button>
        </Popconfirm>
      ),
    });
  }

  return (
    <Page
      title={t('summary.title')}
      currency={data?.currency}
      extra={
        <>
          <Typography.Text type="secondary">{t('summary.sign')}</Typography.Text>
          <DayRange
            label={t('common.dateRange')}
            value={joinRange(from, to)}
            onChange={(range) => {
              const [start, end] = splitRange(range);
              go({ from: start, to: end, open: undefined });
            }}
          />
          <MerchantChoice value={merchantCode} onChange={(code) => go({ merchantCode: code })} />
          <CurrencyChoice figures={data} onChange={(code) => go({ currency: code, open: undefined })} />
          <ExportButton code="summary" question={{ from, to, merchantCode, currency }} />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <Flex vertical gap={12}>
          <section className="panel" aria-label={t('summary.byType')}>
            <h2>{t('summary.byType')}</h2>
            <Table<ByType>
              size="small"
              loading={isFetching}
              pagination={false}
              dataSource={data.byType}
              rowKey={(row) => row.payType ?? ''}
              columns={[
                {
                  key: 'payType',
                  title: t('summary.payType'),
                  render: (_, row) => <ChannelName code={row.payType} />,
                },
                money(t('summary.his'), 'hisFen'),
                money(t('summary.platform'), 'platformFen'),
                money(t('summary.difference'), 'differenceFen'),
              ]}
              summary={(rows) => (
                <Table.Summary.Row>
                  <Table.Summary.Cell index={0}>
                    <strong>{t('common.totalRow')}</strong>
                  </Table.Summary.Cell>
                  {(['hisFen', 'platformFen', 'differenceFen'] as const).map((name, index) => (
                    <Table.Summary.Cell key={name} index={index + 1} align="right">
                      <Money fen={sumFen(rows.map((row) => row[name]))} strong />
                    </Table.Summary.Cell>
                  ))}
                </Table.Summary.Row>
              )}
            />
          </section>
          <section className="panel" aria-label={t('summary.byDay')}>
            <h2>{t('summary.byDay')}</h2>
            <Table<ByDay>
              size="small"
              bordered
              loading={isFetching}
              pagination={false}
              dataSource={days}
              rowKey={(row) => `${row.date}-${row.payType}`}
              columns={dayColumns}
            />
          </section>
        </Flex>
      )}
      <Drawer
        open={opened !== null}
        onClose={() => go({ open: undefined })}
        width={900}
        destroyOnHidden
        title={`${t('summary.analysis')} · ${opened?.split('~')[0] ?? ''}`}
        extra={
          opened && (
            <ExportButton
              code="analysis"
              question={{
                date: opened.split('~')[0],
                payType: opened.split('~')[1] || undefined,
                merchantCode,
                currency,
              }}
            />
          )
        }
      >
        {opened && (
          <Analysis
            date={opened.split('~')[0] ?? ''}
            payType={opened.split('~')[1] ?? ''}
            merchantCode={merchantCode}
            currency={currency}
            dayFen={
              data?.byDay.find(({ date, payType }) => `${date}~${payType ?? ''}` === opened)?.differenceFen
            }
          />
        )}
      </Drawer>
    </Page>
  );
}

type Reason = z.infer<typeof analysis>['reasons'][number];
const reasonKey = ({ leg, kind }: Pick<Reason, 'leg' | 'kind'>): string => `${leg} ${kind}`;

function Analysis({
  date,
  payType,
  merchantCode,
  currency,
  dayFen,
}: {
  date: string;
  payType: string;
  merchantCode: string | undefined;
  currency: string | undefined;
  dayFen: string | undefined;
}) {
  const { t, pick } = useText();
  const { data: screen } = useScreen('discrepancy');
  const [reason, setReason] = useState<Reason>();
  const question = { date, payType, merchantCode, currency, leg: reason?.leg, kind: reason?.kind };
  const { data, error, isPlaceholderData, refetch } = useQuery({
    queryKey: ['analysis', question],
    queryFn: () => call('/reconciliation/analysis', analysis, { query: question }),
    placeholderData: keepPreviousData,
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton active />;
  if (data.reasons.length === 0 && data.cases.length === 0)
    return <Empty description={t('summary.noDifference')} />;
  const field = (name: string) => screen?.fields.find((candidate) => candidate.name === name);
  const kind = field('kind');
  const leg = field('leg');
  const nameOf = ({ options }: Field, value: string) => {
    const option = options?.find((candidate) => candidate.value === value);
    return option ? pick(option) : value;
  };
  // The reasons against HIS add up to the day's difference; what a rule tolerates makes no case.
  const explained = sumFen(data.reasons.filter((row) => row.leg === 'his').map((row) => row.differenceFen));
  const unexplained = (dayFen === undefined ? explained : (toBigInt(dayFen) ?? 0n)) - explained;
  const column = (name: string) => {
    const known = field(name);
    return known
      ? [
          {
            key: name,
            title: pick(known.title),
            align: known.kind === 'money' ? ('right' as const) : ('left' as const),
            render: (_: unknown, row: Row) => <Cell field={known} value={row[name]} />,
          },
        ]
      : [];
  };
  return (
    <Flex vertical gap={16}>
      <Alert
        type="info"
        message={
          <Flex gap={12}>
            <span className="number">{date}</span>
            <ChannelName code={payType} />
          </Flex>
        }
      />
      {data.isHalfWritten && <Alert type="warning" showIcon message={t('statistics.halfWritten')} />}
      <Table<Reason>
        size="small"
        pagination={false}
        dataSource={data.reasons}
        rowKey={reasonKey}
        rowSelection={{
          type: 'radio',
          selectedRowKeys: reason === undefined ? [] : [reasonKey(reason)],
          onChange: (_, [row]) => setReason(row),
        }}
        onRow={(row) => ({ className: 'clickable', onClick: () => setReason(row) })}
        columns={[
          {
            title: t('summary.leg'),
            render: (_, row) => (leg ? <Cell field={leg} value={row.leg} /> : row.leg),
          },
          {
            title: t('summary.reason'),
            render: (_, row) => (kind ? <Cell field={kind} value={row.kind} /> : row.kind),
          },
          { title: t('summary.count'), dataIndex: 'count', align: 'right' },
          {
            title: t('summary.reasonDifference'),
            align: 'right',
            render: (_, row) => <Money fen={row.differenceFen} strong />,
          },
        ]}
        summary={() => (
          <>
            {unexplained !== 0n && (
              <Table.Summary.Row>
                <Table.Summary.Cell index={0} colSpan={4}>
                  {t('summary.unexplained')}
                </Table.Summary.Cell>
                <Table.Summary.Cell index={4} align="right">
                  <Money fen={unexplained} />
                </Table.Summary.Cell>
              </Table.Summary.Row>
            )}
            <Table.Summary.Row>
              <Table.Summary.Cell index={0} colSpan={4}>
                <strong>{t('summary.explained')}</strong>
              </Table.Summary.Cell>
              <Table.Summary.Cell index={4} align="right">
                <Money fen={dayFen ?? explained} strong />
              </Table.Summary.Cell>
            </Table.Summary.Row>
          </>
        )}
      />
      <Table<Row>
        size="small"
        title={() => (
          <Flex gap={8} align="center">
            {t('summary.cases')}
            {reason && (
              <Tag closable onClose={() => setReason(undefined)}>
                {[leg && nameOf(leg, reason.leg), kind && nameOf(kind, reason.kind)]
                  .filter(Boolean)
                  .join(' · ')}
              </Tag>
            )}
            <FirstOf shown={data.cases.length} total={data.caseCount} />
          </Flex>
        )}
        loading={isPlaceholderData}
        dataSource={data.cases}
        rowKey={(row) => String(row.caseNo ?? row.documentId)}
        scroll={{ x: 'max-content' }}
        pagination={{
          pageSize: 20,
          showTotal: () => t('common.total', { total: data.caseCount }),
          hideOnSinglePage: true,
        }}
        columns={[
          {
            title: t('locate.at'),
            render: (_, row) => (
              <span className="number">
                {typeof row.occurredAt === 'string' ? dateTimeText(row.occurredAt) : ''}
              </span>
            ),
          },
          { title: t('statistics.orderNo'), render: (_, row) => <CopyableNumber value={locationOf(row)} /> },
          ...column('kind'),
          ...column('platformFen'),
          ...column('hisFen'),
          ...(reason?.leg === 'channel' ? column('channelFen') : []),
          ...column('differenceFen'),
          ...column('status'),
          {
            title: t('common.actions'),
            render: (_, row) => (
              <Link to={`/locate?no=${encodeURIComponent(locationOf(row))}`}>{t('orders.locate')}</Link>
            ),
          },
        ]}
      />
    </Flex>
  );
}
