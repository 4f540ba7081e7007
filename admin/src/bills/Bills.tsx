import { useQuery } from '@tanstack/react-query';
import { Flex, Segmented, Skeleton, Table, Tag, Tooltip } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { type ReactNode, useState } from 'react';
import { call } from '../http/client';
import { useText } from '../i18n';
import { ChannelName } from '../schema/Cell';
import { DayRange } from '../schema/FilterBar';
import { joinRange, splitRange } from '../schema/filters';
import { SchemaList } from '../schema/SchemaList';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { addDays, dateTimeText, today } from '../time';
import { BillDrawer } from './BillDrawer';
import {
  type BillAccount,
  type BillDay,
  type BillKind,
  type BillState,
  billStates,
  calendar,
} from './contracts';

const colors: Record<BillState, string> = {
  arrived: 'success',
  uploaded: 'cyan',
  empty: 'default',
  waiting: 'processing',
  late: 'warning',
  failed: 'error',
  missing: 'magenta',
  not_due: 'default',
  none: 'default',
};
const quiet = new Set<BillState>(['not_due', 'none']);

/** 账单归档: which bills are there day by day, so that gaps and late ones are seen; each with its versions. */
export default function Bills() {
  const { t } = useText();
  const [view, setView] = useState<'calendar' | 'list'>('calendar');
  const choice = (
    <Segmented
      value={view}
      onChange={setView}
      options={[
        { value: 'calendar', label: t('bills.calendar') },
        { value: 'list', label: t('bills.list') },
      ]}
    />
  );
  return view === 'list' ? (
    <SchemaList type="bill-archive" extra={() => choice} />
  ) : (
    <Calendar choice={choice} />
  );
}

function Calendar({ choice }: { choice: ReactNode }) {
  const { t } = useText();
  const now = today();
  const [range, setRange] = useState({ from: addDays(now, -13), to: now });
  const [kind, setKind] = useState<BillKind>('trade');
  const [merchantCode, setMerchantCode] = useState<string>();
  const [opened, setOpened] = useState<{ accountCode: string; date: string }>();
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['bill-calendar', range, kind, merchantCode],
    queryFn: () =>
      call('/reconciliation/bills/calendar', calendar, { query: { ...range, kind, merchantCode } }),
  });
  const openedAccount = data?.accounts.find(({ accountCode }) => accountCode === opened?.accountCode);
  const columns: ColumnsType<BillAccount> = [
    {
      title: t('bills.account'),
      key: 'account',
      fixed: 'left',
      width: 180,
      render: (_, { name, channel }) => (
        <div>
          <div>{name}</div>
          <span className="quiet">
            <ChannelName code={channel} />
          </span>
        </div>
      ),
    },
    ...(data?.days ?? [])
      .map((date, place) => ({
        title: <span className="number">{date.slice(5)}</span>,
        key: date,
        width: 66,
        align: 'center' as const,
        render: (_: unknown, account: BillAccount) => {
          const day = account.days[place];
          return (
            day && <DayCell day={day} onOpen={() => setOpened({ accountCode: account.accountCode, date })} />
          );
        },
      }))
      .toReversed(),
  ];
  return (
    <Page
      title={t('menu.bills')}
      extra={
        <>
          {choice}
          <Segmented
            value={kind}
            onChange={setKind}
            options={[
              { value: 'trade', label: t('bills.trade') },
              { value: 'fund-flow', label: t('bills.fundFlow') },
            ]}
          />
          <DayRange
            label={t('common.dateRange')}
            value={joinRange(range.from, range.to)}
            onChange={(value) => {
              const [from, to] = splitRange(value);
              if (from && to) setRange({ from, to });
            }}
          />
          <MerchantChoice value={merchantCode} onChange={setMerchantCode} />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <section className="panel" aria-label={t('bills.calendar')}>
          <Flex gap={4} wrap style={{ marginBottom: 10 }}>
            {billStates
              .filter((state) => !quiet.has(state))
              .map((state) => (
                <Tooltip key={state} title={t(`bills.explain.${state}`)}>
                  <Tag color={colors[state]}>{t(`bills.state.${state}`)}</Tag>
                </Tooltip>
              ))}
            <span className="quiet">* {t('bills.arrivedLate')}</span>
          </Flex>
          <Table<BillAccount>
            size="small"
            bordered
            loading={isFetching}
            pagination={false}
            scroll={{ x: 'max-content' }}
            dataSource={data.accounts}
            rowKey="accountCode"
            columns={columns}
          />
        </section>
      )}
      {opened && openedAccount && (
        <BillDrawer
          account={openedAccount}
          date={opened.date}
          kind={kind}
          onClose={() => setOpened(undefined)}
          onChanged={() => void refetch()}
        />
      )}
    </Page>
  );
}

function DayCell({ day, onOpen }: { day: BillDay; onOpen: () => void }) {
  const { t } = useText();
  const { state, version, nextAt, errorCode, lineNo, arrivedLate } = day;
  const told = [
    t(`bills.explain.${state}`),
    arrivedLate ? t('bills.arrivedLate') : '',
    nextAt ? t('bills.nextAt', { at: dateTimeText(nextAt) }) : '',
    errorCode ?? '',
    lineNo === null ? '' : t('bills.atLine', { lineNo }),
  ].filter(Boolean);
  const label = `${t(`bills.state.${state}`)}${version !== null && version > 1 ? ` v${version}` : ''}${arrivedLate ? ' *' : ''}`;
  return (
    <Tooltip title={told.join(' · ')}>
      <button type="button" className="user-button" aria-label={`${day.date} ${label}`} onClick={onOpen}>
        {quiet.has(state) ? (
          <span className="quiet">{t(`bills.state.${state}`)}</span>
        ) : (
          <Tag color={colors[state]} style={{ margin: 0 }}>
            {label}
          </Tag>
        )}
      </button>
    </Tooltip>
  );
}
