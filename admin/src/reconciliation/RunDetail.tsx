import { Alert, Descriptions, Steps, Table } from 'antd';
import type { Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { Money } from '../schema/Cell';
import { Fields } from '../schema/SchemaDetail';
import { useScreen } from '../schema/useScreen';
import { type KindCount, runCounts } from './runCounts';

const stages = ['downloading', 'importing', 'extracting', 'clearing', 'matching', 'writing'];

/** A run: where it is, what it found by kind, what it took, and why it failed. */
export function RunDetail({ screen, row }: { screen: Screen; row: Row }) {
  const { t, pick } = useText();
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
    Object.entries(row).filter(([name]) => !['counts', 'errorMessage', 'stage'].includes(name)),
  );
  return (
    <>
      {row.status === 'failed' && (
        <Alert
          type="error"
          showIcon
          className="spaced"
          message={`${at < 0 ? '' : nameOf(stageTexts, String(row.stage))} ${String(row.errorCode ?? '')}`}
          description={
            <>
              {row.fileName ? (
                <div>{t('runs.where', { file: row.fileName, line: row.lineNo ?? '—' })}</div>
              ) : null}
              <div>{String(row.errorMessage ?? '')}</div>
            </>
          }
        />
      )}
      {at >= 0 && (
        <Steps
          size="small"
          className="spaced"
          current={at}
          status={row.status === 'failed' ? 'error' : 'process'}
          items={stages.map((stage) => ({
            title: nameOf(stageTexts, stage),
            ...(stage === row.stage && Number(row.done) > 0
              ? { description: Number(row.done).toLocaleString() }
              : {}),
          }))}
        />
      )}
      {found && (
        <>
          <Descriptions size="small" bordered column={3} className="spaced">
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
            className="spaced"
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
