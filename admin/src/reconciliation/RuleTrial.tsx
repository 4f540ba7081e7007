import { Alert, Button, DatePicker, Empty, Flex, Form, Modal, Select, Table, Tag } from 'antd';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { call } from '../http/client';
import { type Row, ruleTrial, type RuleTrial as Trial, type TrialSide } from '../http/contracts';
import { useText } from '../i18n';
import { toBigInt } from '../money';
import { Cell, CopyableNumber, Money } from '../schema/Cell';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { useChannelAccounts } from '../shell/references';
import { addDays, fromPicker, today, toPicker } from '../time';
import { locationOf } from './locationOf';

/** What the rule in the form would have made of a past day, before anybody saves it. */
export function RuleTrial({ read }: { read: () => Promise<Row> }) {
  const { t } = useText();
  const [draft, setDraft] = useState<Row>();
  return (
    <>
      {/* A form that is not filled in marks its fields itself. */}
      <Button onClick={() => void read().then(setDraft, () => undefined)}>{t('rules.trial')}</Button>
      {draft && <TrialModal draft={draft} onClose={() => setDraft(undefined)} />}
    </>
  );
}

function TrialModal({ draft, onClose }: { draft: Row; onClose: () => void }) {
  const { t } = useText();
  const accounts = useChannelAccounts().filter(
    ({ row }) =>
      (!draft.merchantCode || row.merchantCode === draft.merchantCode) &&
      (!draft.channel || row.channel === draft.channel),
  );
  const [chosen, setChosen] = useState<string>();
  const [date, setDate] = useState(addDays(today(), -1));
  const [trial, setTrial] = useState<Trial>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const accountCode = chosen ?? accounts[0]?.value;
  const run = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      const body = { accountCode, date, rules: draft };
      setTrial(await call('/reconciliation/rules/trial', ruleTrial, { method: 'POST', body }));
    } catch (error) {
      setTrial(undefined);
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open width={900} title={t('rules.trialTitle')} footer={null} onCancel={onClose} destroyOnHidden>
      <Flex vertical gap={12}>
        <span className="quiet">{t('rules.trialExplain')}</span>
        <Form layout="inline" onFinish={() => void run()}>
          <Form.Item label={t('rules.account')}>
            <Select
              aria-label={t('rules.account')}
              style={{ width: 340 }}
              showSearch
              optionFilterProp="label"
              value={accountCode}
              onChange={setChosen}
              options={accounts.map(({ value, label }) => ({ value, label: `${label} (${value})` }))}
            />
          </Form.Item>
          <Form.Item label={t('rules.date')}>
            <DatePicker
              aria-label={t('rules.date')}
              allowClear={false}
              value={toPicker(date)}
              disabledDate={(candidate) => (fromPicker(candidate) ?? '') > today()}
              onChange={(value) => setDate(fromPicker(value) ?? date)}
            />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={isBusy} disabled={accountCode === undefined}>
            {t('rules.start')}
          </Button>
        </Form>
        {failure !== undefined && <FailureView error={failure} />}
        {trial && <Outcome trial={trial} />}
      </Flex>
    </Modal>
  );
}

interface Line {
  key: string;
  name: ReactNode;
  before: ReactNode;
  after: ReactNode;
  change: ReactNode;
  differs: boolean;
}

function Outcome({ trial }: { trial: Trial }) {
  const { t } = useText();
  const { data: screen } = useScreen('discrepancy');
  const field = (name: string) => screen?.fields.find((candidate) => candidate.name === name);
  const cell = (name: string, row: Row | null) => {
    const known = field(name);
    return row && known ? <Cell field={known} value={row[name]} /> : null;
  };
  const lines = linesOf(trial, t, (key) => {
    const [leg = '', kind = ''] = key.split('.');
    const ofCases = field('kind')?.options?.some(({ value }) => value === kind);
    return (
      <Flex gap={4}>
        {cell('leg', { leg })}
        {ofCases ? cell('kind', { kind }) : <Tag color="success">{t(`rules.kind.${kind}`)}</Tag>}
      </Flex>
    );
  });
  const total = trial.appearing + trial.disappearing + trial.changing;
  return (
    <>
      {!trial.speaks && <Alert type="warning" showIcon message={t('rules.silent')} />}
      {!trial.billKnown && <Alert type="info" showIcon message={t('rules.noBill')} />}
      <Table<Line>
        size="small"
        pagination={false}
        dataSource={lines}
        rowKey="key"
        onRow={({ differs }) => (differs ? { style: { background: '#fffbe6' } } : {})}
        columns={[
          { title: t('rules.result'), dataIndex: 'name' },
          { title: t('rules.before'), dataIndex: 'before', align: 'right' },
          { title: t('rules.after'), dataIndex: 'after', align: 'right' },
          { title: t('rules.change'), dataIndex: 'change', align: 'right' },
        ]}
      />
      {total === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('rules.same')} />
      ) : (
        <Table
          size="small"
          title={() => (
            <strong>
              {t('rules.summary', trial)}
              {total > trial.changes.length && ` · ${t('rules.first', { count: trial.changes.length })}`}
            </strong>
          )}
          dataSource={trial.changes.map((change, index) => ({ ...change, index }))}
          rowKey="index"
          scroll={{ x: 'max-content' }}
          pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
          columns={[
            { title: t('rules.change'), render: (_, { change }) => <Change change={change} /> },
            {
              title: t('statistics.orderNo'),
              render: (_, { before, after }) => <CopyableNumber value={locationOf(after ?? before ?? {})} />,
            },
            { title: t('rules.before'), render: (_, { before }) => cell('kind', before) },
            { title: t('rules.after'), render: (_, { after }) => cell('kind', after) },
            {
              title: t('locate.difference'),
              align: 'right',
              render: (_, { before, after }) => <Money fen={(after ?? before)?.differenceFen} />,
            },
          ]}
        />
      )}
    </>
  );
}

function Change({ change }: { change: Trial['changes'][number]['change'] }) {
  const { t } = useText();
  const color = { appears: 'error', disappears: 'success', changes: 'warning' }[change];
  return <Tag color={color}>{t(`rules.${change}`)}</Tag>;
}

/** Counts by leg and kind, then the sums; what differs is told from what does not. */
function linesOf(
  { before, after }: Trial,
  t: (key: string) => string,
  nameOf: (key: string) => ReactNode,
): Line[] {
  const keys = [...new Set([...Object.keys(before.counts), ...Object.keys(after.counts)])].sort();
  const count = (key: string, name: ReactNode, was: number, is: number): Line => ({
    key,
    name,
    before: was,
    after: is,
    change: is === was ? '—' : `${is > was ? '+' : ''}${is - was}`,
    differs: is !== was,
  });
  const money = (key: string, name: string, of: (side: TrialSide) => string): Line => {
    const [was, is] = [toBigInt(of(before)) ?? 0n, toBigInt(of(after)) ?? 0n];
    return {
      key,
      name,
      before: <Money fen={was} />,
      after: <Money fen={is} />,
      change: is === was ? '—' : <Money fen={is - was} />,
      differs: is !== was,
    };
  };
  return [
    ...keys.map((key) => count(key, nameOf(key), before.counts[key] ?? 0, after.counts[key] ?? 0)),
    count('openCases', t('rules.openCases'), before.openCases, after.openCases),
    money('openDifference', t('rules.openDifference'), (side) => side.openDifferenceFen),
    money('dayDifference', t('rules.dayDifference'), (side) => side.totals.differenceFen),
  ];
}
