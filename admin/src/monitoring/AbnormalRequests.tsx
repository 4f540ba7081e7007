import { useQuery } from '@tanstack/react-query';
import { Flex, Segmented, Table, Tooltip } from 'antd';
import { Link, useSearchParams } from 'react-router';
import { z } from 'zod';
import { call } from '../http/client';
import { retry } from '../http/contracts';
import { useText } from '../i18n';
import { ChannelName } from '../schema/Cell';
import { DayRange } from '../schema/FilterBar';
import { joinRange, splitRange } from '../schema/filters';
import { SchemaList } from '../schema/SchemaList';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { RetryTag } from '../shell/RetryTag';
import { addDays, dateTimeText, dayStart, today } from '../time';

const words = z.object({ zh: z.string(), en: z.string() });
const group = z.object({
  channel: z.string().nullable(),
  errorCode: z.string(),
  count: z.number(),
  days: z.array(z.number()),
  firstEverAt: z.string(),
  lastAt: z.string(),
  message: z.string().nullable(),
  messageEn: z.string().nullable(),
  known: z
    .object({
      meaning: words,
      cause: words,
      advice: words,
      retry,
    })
    .nullable(),
});
type Group = z.infer<typeof group>;
const groups = z.object({ groups: z.array(group), archivedTo: z.string().nullable() });

/** 异常请求: by code, with how they came over the days, or row by row. */
export default function AbnormalRequests() {
  const { t } = useText();
  const [search, setSearch] = useSearchParams();
  const isGrouped = search.get('by') === 'code';
  const choice = (
    <Segmented
      value={isGrouped ? 'code' : 'rows'}
      onChange={(value) => setSearch(value === 'code' ? { by: 'code' } : {})}
      options={[
        { value: 'rows', label: t('abnormal.rows') },
        { value: 'code', label: t('abnormal.byCode') },
      ]}
    />
  );
  if (isGrouped) return <Groups choice={choice} />;
  return <SchemaList type="abnormal-request" title={t('menu.abnormalRequests')} extra={() => choice} />;
}

const lastWeek = (): string => joinRange(addDays(today(), -6), today());

function Groups({ choice }: { choice: React.ReactNode }) {
  const { t, pick } = useText();
  const [search, setSearch] = useSearchParams();
  const range = search.get('at') ?? lastWeek();
  const [from = addDays(today(), -6), to = today()] = splitRange(range);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['abnormal-groups', from, to],
    queryFn: () =>
      call('/monitoring/abnormal-groups', groups, {
        query: { from: dayStart(from), to: dayStart(addDays(to, 1)) },
      }),
    retry: false,
    placeholderData: (previous) => previous,
  });
  const rowsOf = ({ channel, errorCode }: Group) =>
    `/abnormal-requests?${new URLSearchParams({ at: joinRange(from, to), errorCode, ...(channel ? { channel } : {}) })}`;
  return (
    <Page title={t('menu.abnormalRequests')} extra={choice}>
      <Flex gap={8} align="center" className="filters">
        <span className="filter-label">{t('abnormal.days')}</span>
        <DayRange
          label={t('abnormal.days')}
          value={range}
          onChange={(value) => setSearch({ by: 'code', at: value || lastWeek() })}
        />
        {data?.archivedTo && (
          <span className="quiet">{t('abnormal.archivedTo', { at: dateTimeText(data.archivedTo) })}</span>
        )}
      </Flex>
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      <Table<Group>
        className="rows"
        size="small"
        loading={isFetching && { delay: 200 }}
        dataSource={error ? [] : (data?.groups ?? [])}
        rowKey={({ channel, errorCode }) => `${channel} ${errorCode}`}
        pagination={false}
        scroll={{ x: 1110 }}
        tableLayout="fixed"
        columns={[
          {
            title: t('abnormal.channel'),
            width: 92,
            render: (_, { channel }) => <ChannelName code={channel} />,
          },
          {
            title: t('abnormal.code'),
            width: 170,
            className: 'told',
            dataIndex: 'errorCode',
          },
          {
            title: t('abnormal.meaning'),
            className: 'told',
            render: (_, { known, message, messageEn }) =>
              known ? (
                <Tooltip title={pick(known.cause)}>
                  <div>{pick(known.meaning)}</div>
                  <div className="quiet">{pick(known.advice)}</div>
                </Tooltip>
              ) : message === null ? null : (
                pick({ zh: message, en: messageEn ?? message })
              ),
          },
          {
            title: t('abnormal.retry'),
            width: 100,
            render: (_, { known }) => (known ? <RetryTag retry={known.retry} /> : '—'),
          },
          {
            title: t('abnormal.count'),
            width: 56,
            align: 'right',
            render: (_, { count }) => <span className="number">{count}</span>,
          },
          {
            title: t('abnormal.trend'),
            width: 124,
            render: (_, { days }) => <Trend days={days} first={from} />,
          },
          {
            title: t('abnormal.first'),
            width: 140,
            render: (_, { firstEverAt }) => <span className="number">{dateTimeText(firstEverAt)}</span>,
          },
          {
            title: t('abnormal.last'),
            width: 140,
            render: (_, { lastAt }) => <span className="number">{dateTimeText(lastAt)}</span>,
          },
          {
            title: t('common.actions'),
            width: 68,
            fixed: 'right',
            render: (_, row) => <Link to={rowsOf(row)}>{t('common.view')}</Link>,
          },
        ]}
      />
    </Page>
  );
}

/** One bar a day; the numbers are in its title. */
function Trend({ days, first }: { days: number[]; first: string }) {
  const most = Math.max(1, ...days);
  const width = 110 / days.length;
  const text = days.map((count, index) => `${addDays(first, index).slice(5)}: ${count}`).join('\n');
  return (
    <svg width={110} height={22} role="img" aria-label={text}>
      <title>{text}</title>
      {days.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(2, (count / most) * 22);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a day is its place
            key={index}
            x={index * width}
            y={22 - height}
            width={Math.max(1, width - 1)}
            height={height}
            fill={count === 0 ? '#d9d9d9' : '#d4380d'}
          />
        );
      })}
    </svg>
  );
}
