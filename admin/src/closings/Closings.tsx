import { useQuery } from '@tanstack/react-query';
import { Button, DatePicker, Drawer, Empty, Flex, Segmented, Select, Skeleton, Table } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import dayjs from 'dayjs';
import { ExportButton } from '../exports/ExportButton';
import { call } from '../http/client';
import { useText } from '../i18n';
import { sumFen } from '../money';
import { Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useChannelAccounts, useMerchants } from '../shell/references';
import { useAsked } from '../shell/useAsked';
import { dateTimeText, today } from '../time';
import { ClosingPanel } from './ClosingPanel';
import { type PeriodView, periodList } from './contracts';
import { StatusTag } from './StatusTag';

/** 日结, 月结 and 年结: which periods are closed, what is missing for the next one, and who reopened what. */
export default function Closings() {
  const { t } = useText();
  const { choices: merchants, currencyOf } = useMerchants();
  const accounts = useChannelAccounts();
  // A hospital whose branches take the money has nothing to close itself.
  const first = merchants.find(({ value }) => accounts.some(({ row }) => row.merchantCode === value));
  const { search, go } = useAsked();
  const kind = search.get('kind') === 'month' ? 'month' : 'day';
  const merchantCode = search.get('merchantCode') ?? first?.value;
  const length = kind === 'day' ? 7 : 4;
  const within = (search.get('within') ?? today()).slice(0, length);
  const opened = search.get('open');
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['closings', merchantCode, kind, within],
    enabled: merchantCode !== undefined,
    queryFn: () =>
      call('/reconciliation/closings/periods', periodList, { query: { merchantCode, kind, within } }),
  });
  const periods = (data?.periods ?? []).filter(({ status }) => status !== 'future');

  const money = (name: keyof PeriodView['figures']) => ({
    key: name,
    title: t(`closings.${name}`),
    align: 'right' as const,
    render: (_: unknown, { figures }: PeriodView) => (
      <Money fen={figures[name]} strong={name === 'differenceFen'} />
    ),
  });
  const columns: ColumnsType<PeriodView> = [
    {
      key: 'period',
      title: t('closings.period'),
      render: (_, { period }) => <span className="number">{period}</span>,
    },
    { key: 'status', title: t('closings.state'), render: (_, { status }) => <StatusTag status={status} /> },
    money('takenFen'),
    money('refundedFen'),
    money('platformFen'),
    money('hisFen'),
    money('differenceFen'),
    {
      key: 'adjusted',
      title: t('closings.adjusted'),
      align: 'right',
      render: (_, { figures, closing }) =>
        closing && sumFen([figures.adjustedHisFen]) !== 0n ? <Money fen={figures.adjustedHisFen} /> : '—',
    },
    {
      key: 'closedBy',
      title: t('closings.closedBy'),
      render: (_, { closing }) =>
        closing ? (
          <span>
            {closing.closedBy} <span className="quiet number">{dateTimeText(closing.closedAt)}</span>
          </span>
        ) : (
          <span className="quiet">—</span>
        ),
    },
    {
      key: 'actions',
      title: t('common.actions'),
      fixed: 'right',
      render: (_, { period, status }) => (
        <Button
          type="link"
          size="small"
          className="cell-link"
          onClick={() => go({ open: `${kind}~${period}` })}
        >
          {t(status === 'open' || status === 'reopened' ? 'closings.checkAndClose' : 'common.view')}
        </Button>
      ),
    },
  ];
  const around = kind === 'day' ? 'month' : 'year';
  const shown = dayjs(within, kind === 'day' ? 'YYYY-MM' : 'YYYY');
  const [openedKind, openedPeriod] = opened?.split('~') ?? [];

  return (
    <Page
      title={t('closings.title')}
      currency={currencyOf(merchantCode)}
      extra={
        <>
          <Segmented
            value={kind}
            options={[
              { value: 'day', label: t('closings.byDay') },
              { value: 'month', label: t('closings.byMonth') },
            ]}
            onChange={(value) => go({ kind: value, within: undefined, open: undefined })}
          />
          <DatePicker
            picker={kind === 'day' ? 'month' : 'year'}
            aria-label={t('closings.within')}
            allowClear={false}
            value={shown}
            onChange={(value) => go({ within: value?.format(kind === 'day' ? 'YYYY-MM' : 'YYYY') })}
          />
          <Select
            aria-label={t('common.merchant')}
            style={{ minWidth: 180 }}
            value={merchantCode ?? null}
            options={merchants.map(({ value, label }) => ({ value, label }))}
            onChange={(value: string) => go({ merchantCode: value })}
          />
          <ExportButton
            code="closing"
            question={{
              filters: {
                ...(merchantCode ? { merchantCode: { $eq: merchantCode } } : {}),
                kind: { $eq: kind },
                firstDay: {
                  $gte: shown.startOf(around).format('YYYY-MM-DD'),
                  $lte: shown.endOf(around).format('YYYY-MM-DD'),
                },
              },
              title: t('closings.title'),
            }}
          />
          {merchantCode && (
            <Button type="primary" onClick={() => go({ open: `${around}~${within}` })}>
              {t(around === 'month' ? 'closings.closeMonth' : 'closings.closeYear', { period: within })}
            </Button>
          )}
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && merchantCode && <Skeleton active />}
      {data && (
        <section className="panel" aria-label={t('closings.title')}>
          <Flex className="quiet" style={{ marginBottom: 8 }}>
            {t('closings.explain')}
          </Flex>
          <Table<PeriodView>
            size="small"
            className="rows"
            loading={isFetching && { delay: 200 }}
            pagination={false}
            dataSource={periods}
            rowKey="period"
            columns={columns}
            scroll={{ x: 1100 }}
            locale={{
              emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} />,
            }}
          />
        </section>
      )}
      <Drawer
        open={opened !== null}
        onClose={() => go({ open: undefined })}
        width={720}
        destroyOnHidden
        title={`${t(`closings.kind.${openedKind === 'month' || openedKind === 'year' ? openedKind : 'day'}`)} · ${openedPeriod ?? ''}`}
      >
        {opened !== null && merchantCode && openedKind && openedPeriod && (
          <ClosingPanel
            merchantCode={merchantCode}
            kind={openedKind}
            period={openedPeriod}
            onChanged={() => void refetch()}
          />
        )}
      </Drawer>
    </Page>
  );
}
