import { useQuery } from '@tanstack/react-query';
import { Button, Drawer, Empty, Flex, Segmented, Select, Skeleton, Table, Tag, Typography } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useState } from 'react';
import { Link } from 'react-router';
import { z } from 'zod';
import { ExportButton } from '../exports/ExportButton';
import { call } from '../http/client';
import { fen, oneCurrency } from '../http/contracts';
import { useText } from '../i18n';
import { ChannelName, Money } from '../schema/Cell';
import { DayRange } from '../schema/FilterBar';
import { joinRange, splitRange } from '../schema/filters';
import { CurrencyChoice } from '../shell/CurrencyChoice';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useAsked } from '../shell/useAsked';
import { dateTimeText, today } from '../time';

const dimensions = [
  'payType',
  'branch',
  'merchant',
  'bizType',
  'department',
  'operator',
  'terminal',
  'account',
] as const;
type Dimension = (typeof dimensions)[number];
const isDimension = (value: string | null): value is Dimension => dimensions.some((name) => name === value);

const amounts = {
  takenFen: fen,
  takenCount: z.number(),
  refundedFen: fen,
  netFen: fen,
  abnormalRefundFen: fen,
  platformFen: fen,
  hisFen: fen,
  differenceFen: fen,
};
const line = z.object({ key: z.string(), name: z.string().nullable(), ...amounts });
const adjustment = z.object({
  date: z.string(),
  concernsDate: z.string(),
  payType: z.string(),
  department: z.string(),
  operatorCode: z.string(),
  terminalCode: z.string(),
  platformFen: fen,
  hisFen: fen,
});
const income = z.object({
  ...oneCurrency,
  lines: z.array(line),
  byPeriod: z.array(line.extend({ period: z.string() })),
  total: z.object(amounts),
  adjustments: z.array(adjustment),
});
type Line = z.infer<typeof line> & { period?: string };
type Adjustment = z.infer<typeof adjustment>;

const entry = z.object({
  at: z.string().nullable(),
  side: z.enum(['payment', 'refund', 'his_charge', 'his_refund']),
  orderNo: z.string().nullable(),
  number: z.string(),
  amountFen: fen,
  payType: z.string(),
  subject: z.string().nullable(),
  operatorCode: z.string(),
});
const entryPage = z.object({ entries: z.array(entry), total: z.number() });
type Entry = z.infer<typeof entry>;

/** What was taken, given back and booked by one dimension; each line opens into its days and its entries. */
export default function Income() {
  const { t } = useText();
  const { search, go } = useAsked();
  const now = today();
  const from = search.get('from') ?? `${now.slice(0, 8)}01`;
  const to = search.get('to') ?? now;
  const asked = search.get('by');
  const by = isDimension(asked) ? asked : 'department';
  const unit = search.get('unit') === 'month' ? 'month' : 'day';
  const merchantCode = search.get('merchantCode') ?? undefined;
  const opened = search.get('open');
  const currency = search.get('currency') ?? undefined;
  const question = { from, to, by, unit, merchantCode, currency };
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['income', question],
    queryFn: () => call('/reconciliation/income', income, { query: question }),
    placeholderData: (previous) => previous,
  });

  const name = ({ key, name: called }: Pick<Line, 'key' | 'name'>) =>
    key === '' ? (
      <span className="quiet">{t('income.unsaid')}</span>
    ) : by === 'payType' ? (
      <ChannelName code={key} />
    ) : (
      <span className="clipped" title={called === null ? key : `${called} ${key}`}>
        {called ?? key}
      </span>
    );
  const money = (field: keyof typeof amounts, strong = false) => ({
    key: field,
    title: t(`income.${field}`),
    width: 125,
    align: 'right' as const,
    sorter: (a: Line, b: Line) => Number(a[field]) - Number(b[field]),
    showSorterTooltip: false,
    render: (_: unknown, row: Line) => <Money fen={row[field]} strong={strong} />,
  });
  const count = {
    key: 'takenCount',
    title: t('income.takenCount'),
    width: 90,
    align: 'right' as const,
    render: (_: unknown, row: Line) => <span className="number">{row.takenCount}</span>,
  };
  const columns: ColumnsType<Line> = [
    { key: 'name', title: t(`income.by.${by}`), fixed: 'left', width: 230, render: (_, row) => name(row) },
    money('takenFen'),
    count,
    money('refundedFen'),
    money('netFen', true),
    money('abnormalRefundFen'),
    money('hisFen'),
    money('differenceFen', true),
    {
      key: 'entries',
      title: t('common.actions'),
      fixed: 'right',
      render: (_, row) => (
        <Button type="link" size="small" className="cell-link" onClick={() => go({ open: `=${row.key}` })}>
          {t('income.entries')}
        </Button>
      ),
    },
  ];
  const partColumns = columns
    .filter(({ key }) => key !== 'name' && key !== 'entries')
    .map((column) => ({ ...column, sorter: false }));

  return (
    <Page
      title={t('income.title')}
      currency={data?.currency}
      extra={
        <>
          <Typography.Text type="secondary">{t('income.sign')}</Typography.Text>
          <DayRange
            label={t('common.dateRange')}
            value={joinRange(from, to)}
            onChange={(range) => {
              const [start, end] = splitRange(range);
              go({ from: start, to: end, open: undefined });
            }}
          />
          <Select
            aria-label={t('income.dimension')}
            style={{ minWidth: 130 }}
            value={by}
            options={dimensions.map((value) => ({ value, label: t(`income.by.${value}`) }))}
            onChange={(value: Dimension) => go({ by: value, open: undefined })}
          />
          <Segmented
            value={unit}
            options={[
              { value: 'day', label: t('income.daily') },
              { value: 'month', label: t('income.monthly') },
            ]}
            onChange={(value) => go({ unit: value })}
          />
          <MerchantChoice value={merchantCode} onChange={(code) => go({ merchantCode: code })} />
          <CurrencyChoice figures={data} onChange={(code) => go({ currency: code, open: undefined })} />
          <ExportButton code="income" question={question} />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <Flex vertical gap={12}>
          <section className="panel" aria-label={t('income.title')}>
            <Table<Line>
              size="small"
              className="rows"
              loading={isFetching && { delay: 200 }}
              pagination={data.lines.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
              dataSource={data.lines}
              rowKey="key"
              columns={columns}
              scroll={{ x: 1100 }}
              expandable={{
                expandedRowRender: (row) => (
                  <Table<Line>
                    size="small"
                    pagination={false}
                    rowKey={({ period }) => period ?? ''}
                    dataSource={data.byPeriod.filter(({ key }) => key === row.key)}
                    columns={[
                      {
                        key: 'period',
                        title: t('common.date'),
                        render: (_, { period }) => <span className="number">{period}</span>,
                      },
                      ...partColumns,
                    ]}
                  />
                ),
              }}
              locale={{
                emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} />,
              }}
              summary={() => (
                <Table.Summary.Row>
                  <Table.Summary.Cell index={0} />
                  <Table.Summary.Cell index={1}>
                    <strong>{t('common.totalRow')}</strong>
                  </Table.Summary.Cell>
                  {partColumns.map(({ key }, index) => (
                    <Table.Summary.Cell key={String(key)} index={index + 2} align="right">
                      <Total name={String(key)} total={data.total} />
                    </Table.Summary.Cell>
                  ))}
                  <Table.Summary.Cell index={partColumns.length + 2} />
                </Table.Summary.Row>
              )}
            />
          </section>
          {data.adjustments.length > 0 && <Adjustments rows={data.adjustments} />}
        </Flex>
      )}
      <Drawer
        open={opened !== null}
        onClose={() => go({ open: undefined })}
        width={980}
        destroyOnHidden
        title={`${t('income.entries')} · ${t(`income.by.${by}`)} ${opened?.slice(1) || t('income.unsaid')}`}
      >
        {opened !== null && <Entries question={{ ...question, key: opened.slice(1) }} />}
      </Drawer>
    </Page>
  );
}

function Total({ name, total }: { name: string; total: z.infer<typeof income>['total'] }) {
  const value = Object.entries(total).find(([field]) => field === name)?.[1];
  return name.endsWith('Count') ? <span className="number">{value}</span> : <Money fen={value} strong />;
}

/** What came in late for closed days and is counted here. */
function Adjustments({ rows }: { rows: Adjustment[] }) {
  const { t } = useText();
  const text = (key: 'date' | 'concernsDate' | 'department' | 'operatorCode' | 'terminalCode') => ({
    key,
    title: t(`income.${key}`),
    render: (_: unknown, row: Adjustment) => <span className="number">{row[key] || '—'}</span>,
  });
  const money = (key: 'platformFen' | 'hisFen') => ({
    key,
    title: t(`income.${key}`),
    align: 'right' as const,
    render: (_: unknown, row: Adjustment) => <Money fen={row[key]} />,
  });
  return (
    <section className="panel" aria-label={t('income.adjustments')}>
      <h2>{t('income.adjustments')}</h2>
      <Typography.Paragraph type="secondary">{t('income.adjustmentsExplain')}</Typography.Paragraph>
      <Table<Adjustment>
        size="small"
        pagination={{ pageSize: 20, hideOnSinglePage: true }}
        dataSource={rows}
        rowKey={(row) => JSON.stringify(row)}
        columns={[
          text('date'),
          text('concernsDate'),
          {
            key: 'payType',
            title: t('income.by.payType'),
            render: (_, row) => <ChannelName code={row.payType} />,
          },
          text('department'),
          text('operatorCode'),
          text('terminalCode'),
          money('platformFen'),
          money('hisFen'),
        ]}
      />
    </section>
  );
}

const sideColors = {
  payment: 'blue',
  refund: 'purple',
  his_charge: 'geekblue',
  his_refund: 'magenta',
} as const;

function Entries({ question }: { question: Record<string, string | undefined> }) {
  const { t } = useText();
  const [page, setPage] = useState(1);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['income-entries', question, page],
    queryFn: () => call('/reconciliation/income/entries', entryPage, { query: { ...question, page } }),
    placeholderData: (previous) => previous,
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton active />;
  const columns: ColumnsType<Entry> = [
    {
      key: 'at',
      title: t('income.at'),
      render: (_, row) => <span className="number">{dateTimeText(row.at)}</span>,
    },
    {
      key: 'side',
      title: t('income.side'),
      render: (_, row) => <Tag color={sideColors[row.side]}>{t(`income.sides.${row.side}`)}</Tag>,
    },
    {
      key: 'orderNo',
      title: t('income.orderNo'),
      render: (_, row) =>
        row.orderNo ? (
          <Link to={`/locate?no=${encodeURIComponent(row.orderNo)}`}>{row.orderNo}</Link>
        ) : (
          row.number
        ),
    },
    { key: 'payType', title: t('income.by.payType'), render: (_, row) => <ChannelName code={row.payType} /> },
    {
      key: 'amountFen',
      title: t('income.amount'),
      align: 'right',
      render: (_, row) => <Money fen={row.amountFen} />,
    },
    { key: 'operatorCode', title: t('income.by.operator'), render: (_, row) => row.operatorCode || '—' },
    { key: 'subject', title: t('income.subject'), render: (_, row) => row.subject ?? '—' },
  ];
  return (
    <Table<Entry>
      size="small"
      className="rows"
      loading={isFetching && { delay: 200 }}
      dataSource={data.entries}
      rowKey={(row) => `${row.side} ${row.number}`}
      columns={columns}
      scroll={{ x: 880 }}
      pagination={{
        current: page,
        pageSize: 20,
        total: data.total,
        showSizeChanger: false,
        showTotal: (total) => t('common.total', { total }),
        onChange: setPage,
      }}
    />
  );
}
