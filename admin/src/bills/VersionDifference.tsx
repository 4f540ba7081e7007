import { useQuery } from '@tanstack/react-query';
import { Flex, Select, Skeleton, Table, Tag } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { useText } from '../i18n';
import { CopyableNumber, Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { type BillVersion, difference, type LineChange } from './contracts';

const colors = { added: 'success', removed: 'error', changed: 'warning' };

/** What two versions of one bill say differently: the newest and the one before, unless others are chosen. */
export function VersionDifference({ kept, path }: { kept: BillVersion[]; path: string }) {
  const { t } = useText();
  const newest = kept.at(-1)?.version ?? 1;
  const [chosen, setChosen] = useState({ before: kept.at(-2)?.version ?? 1, after: newest });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['bill-difference', path, chosen],
    queryFn: () => call(`${path}/difference`, difference, { query: chosen }),
  });
  const choice = (name: 'before' | 'after') => (
    <Select
      size="small"
      aria-label={t(`bills.${name}`)}
      value={chosen[name]}
      options={kept.map(({ version }) => ({ value: version, label: `v${version}` }))}
      onChange={(version) => setChosen({ ...chosen, [name]: version })}
      style={{ width: 80 }}
    />
  );
  return (
    <section aria-label={t('bills.difference')}>
      <Flex gap={8} align="center" style={{ marginBottom: 8 }}>
        <strong>{t('bills.difference')}</strong>
        {choice('before')} → {choice('after')}
      </Flex>
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <>
          <Flex gap={16} wrap style={{ marginBottom: 8 }}>
            {(['added', 'removed', 'changed'] as const).map((name) => (
              <span key={name}>
                <Tag color={colors[name]}>{t(`bills.change.${name}`)}</Tag>
                {t('bills.lines', { lines: data[name].lines })} · {t('bills.net')}{' '}
                <Money fen={data[name].netFen} /> · {t('bills.fee')} <Money fen={data[name].feeFen} />
              </span>
            ))}
            <span className="quiet">{t('bills.same', { lines: data.same })}</span>
          </Flex>
          <Table<LineChange>
            size="small"
            dataSource={data.changes}
            rowKey={(row) =>
              `${row.change}${row.kind}${row.orderNo}${row.channelNo}${row.before?.lineNo}${row.after?.lineNo}`
            }
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            scroll={{ x: 'max-content' }}
            locale={{ emptyText: t('bills.noDifference') }}
            columns={[
              {
                title: t('bills.changed'),
                render: (_, row) => <Tag color={colors[row.change]}>{t(`bills.change.${row.change}`)}</Tag>,
              },
              {
                title: t('bills.kind'),
                render: (_, row) => (row.kind === 'payment' ? t('bills.payment') : t('bills.refund')),
              },
              { title: t('bills.orderNo'), render: (_, row) => <CopyableNumber value={row.orderNo} /> },
              { title: t('bills.channelNo'), render: (_, row) => <CopyableNumber value={row.channelNo} /> },
              ...(['amountFen', 'feeFen'] as const).map((name) => ({
                title: t(name === 'feeFen' ? 'bills.fee' : 'bills.amount'),
                children: (['before', 'after'] as const).map((version) => ({
                  title: t(version === 'before' ? 'bills.was' : 'bills.is'),
                  key: `${name} ${version}`,
                  align: 'right' as const,
                  render: (_: unknown, row: LineChange) => <Money fen={row[version]?.[name]} />,
                })),
              })),
            ]}
          />
        </>
      )}
    </section>
  );
}
