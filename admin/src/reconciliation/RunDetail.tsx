import { useQuery } from '@tanstack/react-query';
import { Alert, Descriptions, Empty, Flex, Skeleton, Steps, Table } from 'antd';
import type { ReactNode } from 'react';
import { call } from '../http/client';
import { page, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { Money } from '../schema/Cell';
import { Fields } from '../schema/SchemaDetail';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { type KindCount, runCounts } from './runCounts';
import { useErrorText } from './useErrorText';

const stages = ['downloading', 'importing', 'extracting', 'clearing', 'matching', 'writing'];

const underWay = ['queued', 'downloading', 'matching', 'writing'];
export const isUnderWay = (row: Row): boolean => underWay.includes(String(row.status));

interface Props {
  runNo: string;
  screen: Screen;
  /** As the list has it; a run that is not on its page is asked for. */
  row: Row | undefined;
  /** What may be done with the run. */
  children: (row: Row, reload: () => void) => ReactNode;
}

/** A run: where it is, what it found by kind, what it took, and why it failed. */
export function RunDetail({ runNo, screen, row: listed, children }: Props) {
  const { t } = useText();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['run', runNo],
    queryFn: () =>
      call('/reconciliation-runs', page, { query: { 'filters[runNo][$eq]': runNo } }).then(
        ({ data: [found] }) => found ?? null,
      ),
    enabled: listed === undefined,
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? 2000 : false),
  });
  const row = listed ?? data;
  if (row) {
    return (
      <Flex vertical gap={12}>
        <RunFacts screen={screen} row={row} />
        <div>{children(row, () => void refetch())}</div>
      </Flex>
    );
  }
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  return isPending ? <Skeleton active /> : <Empty description={t('common.empty')} />;
}

function RunFacts({ screen, row }: { screen: Screen; row: Row }) {
  const { t, pick } = useText();
  const errorText = useErrorText(Boolean(row.errorCode));
  const { data: cases } = useScreen('discrepancy');
  const kinds = cases?.fields.find(({ name }) => name === 'kind')?.options ?? [];
  const stageTexts = screen.fields.find(({ name }) => name === 'stage')?.options ?? [];
  const nameOf = (options: typeof kinds, value: string): string => {
    const option = options.find((each) => each.value === value);
    return option ? pick(option) : t(`runs.kind.${value}`, { defaultValue: value });
  };
  const at = stages.indexOf(String(row.stage));
  const found = runCounts(row.counts);
  const shown = Object.fromEntries(
    Object.entries(row).filter(
      ([name, value]) =>
        value !== null &&
        !['counts', 'done', 'errorCode', 'errorMessage', 'fileName', 'lineNo', 'stage'].includes(name),
    ),
  );
  return (
    <>
      {row.status === 'failed' && (
        <Alert
          type="error"
          showIcon
          message={errorText(String(row.errorCode ?? ''))}
          description={
            <>
              {row.fileName ? (
                <div className="strong">
                  {t(row.lineNo ? 'runs.where' : 'runs.file', { file: row.fileName, line: row.lineNo })}
                </div>
              ) : null}
              <div className="quiet">{String(row.errorMessage ?? '')}</div>
            </>
          }
        />
      )}
      {at >= 0 && (
        <Steps
          size="small"
          labelPlacement="vertical"
          current={at}
          status={row.status === 'failed' ? 'error' : 'process'}
          items={stages.map((stage) => ({
            title: nameOf(stageTexts, stage),
            ...(stage === row.stage && Number(row.done) > 0
              ? { description: t('runs.rows', { rows: Number(row.done).toLocaleString() }) }
              : {}),
          }))}
        />
      )}
      {found && (
        <>
          <Descriptions size="small" bordered column={3}>
            <Descriptions.Item label={t('runs.his')}>
              <Money fen={found.totals.hisFen} />
            </Descriptions.Item>
            <Descriptions.Item label={t('runs.platform')}>
              <Money fen={found.totals.platformFen} />
            </Descriptions.Item>
            <Descriptions.Item label={t('runs.channel')}>
              <Money fen={found.totals.channelFen} />
            </Descriptions.Item>
          </Descriptions>
          <Table<KindCount>
            size="small"
            pagination={false}
            rowKey="kind"
            dataSource={found.kinds}
            columns={[
              { title: t('runs.result'), render: (_, each) => nameOf(kinds, each.kind) },
              { title: t('runs.hisLeg'), align: 'right', render: (_, each) => each.his.toLocaleString() },
              {
                title: t('runs.channelLeg'),
                align: 'right',
                render: (_, each) => each.channel.toLocaleString(),
              },
            ]}
          />
        </>
      )}
      <Fields screen={screen} row={shown} />
    </>
  );
}
