import { ImportOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import {
  Button,
  Empty,
  Flex,
  Input,
  Modal,
  Popconfirm,
  Select,
  Skeleton,
  Statistic,
  Table,
  Tag,
  Tooltip,
} from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { ExportButton } from '../exports/ExportButton';
import { call } from '../http/client';
import { anything } from '../http/contracts';
import { useText } from '../i18n';
import { sumFen } from '../money';
import { ChannelAccountName, Clipped, Money } from '../schema/Cell';
import { DayRange } from '../schema/FilterBar';
import { joinRange, splitRange } from '../schema/filters';
import { FailureView } from '../shell/FailureView';
import { MerchantChoice } from '../shell/MerchantChoice';
import { Page } from '../shell/Page';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { addDays, today } from '../time';
import { type Arrival, type ArrivalStatus, arrivals, type BankLine, matchedCount } from './contracts';
import { ImportStatement } from './ImportStatement';
import { useBankAccounts } from './useBankAccounts';

const colors: Record<ArrivalStatus, string> = {
  no_bill: 'default',
  nothing: 'default',
  due: 'processing',
  overdue: 'error',
  arrived: 'success',
  differs: 'warning',
};
const keyOf = (row: Arrival): string => `${row.accountCode} ${row.date}`;

/** 银行到账: what each account's days should bring to the bank, and what the bank's statement says came. */
export default function BankArrivals() {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const banks = useBankAccounts();
  const now = today();
  const [asked, setAsked] = useState<{
    from: string;
    to: string;
    merchantCode?: string | undefined;
    bankAccountCode?: string | undefined;
  }>({ from: addDays(now, -13), to: now });
  const [days, setDays] = useState<string[]>([]);
  const [lines, setLines] = useState<string[]>([]);
  const [isImporting, setImporting] = useState(false);
  const [isMatching, setMatching] = useState(false);
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['bank-arrivals', asked],
    queryFn: () => call('/reconciliation/bank/arrivals', arrivals, { query: asked }),
  });
  const chosenDays = (data?.arrivals ?? []).filter((row) => days.includes(keyOf(row)));
  const chosenLines = (data?.unmatched ?? []).filter(({ documentId }) => lines.includes(documentId));
  const mayMatch = may('reconcile', 'bank-statement');
  const reload = () => {
    setDays([]);
    setLines([]);
    void refetch();
  };
  const post = (path: string, body: object | undefined, said: string) =>
    call(path, anything, { method: 'POST', ...(body ? { body } : {}) })
      .then(() => toast.success(said))
      .catch(toast.failure)
      .finally(reload);
  const matchAll = () =>
    call('/reconciliation/bank/matches/all', matchedCount, { method: 'POST', query: asked })
      .then(({ matched }) => toast.success(t('bank.matchedCount', { matched })))
      .catch(toast.failure)
      .finally(reload);
  const rows = data?.arrivals ?? [];
  const awaited = rows.filter(({ status }) => status === 'due' || status === 'nothing');
  const totals = {
    expectedFen: sumFen(rows.map(({ expectedFen }) => expectedFen)),
    arrivedFen: sumFen(rows.map(({ arrivedFen }) => arrivedFen)),
    awaitedFen: sumFen(awaited.map(({ expectedFen }) => expectedFen)),
    differenceFen: sumFen(rows.map(({ differenceFen }) => differenceFen)),
    feeFen: sumFen(rows.map(({ feeFen }) => feeFen)),
  };

  return (
    <Page
      title={t('menu.bankArrivals')}
      extra={
        <>
          <DayRange
            label={t('common.dateRange')}
            value={joinRange(asked.from, asked.to)}
            onChange={(value) => {
              const [from, to] = splitRange(value);
              if (from && to) setAsked({ ...asked, from, to });
            }}
          />
          <Select
            aria-label={t('bank.account')}
            allowClear
            placeholder={t('bank.allAccounts')}
            style={{ minWidth: 150 }}
            value={asked.bankAccountCode}
            options={banks.map(({ value, label }) => ({ value, label }))}
            onChange={(bankAccountCode?: string) => setAsked({ ...asked, bankAccountCode })}
          />
          <MerchantChoice
            value={asked.merchantCode}
            onChange={(merchantCode) => setAsked({ ...asked, merchantCode })}
          />
          {may('create', 'bank-statement') && (
            <Button type="primary" icon={<ImportOutlined />} onClick={() => setImporting(true)}>
              {t('bank.import')}
            </Button>
          )}
          {mayMatch && <Button onClick={() => void matchAll()}>{t('bank.matchAll')}</Button>}
          <ExportButton code="bank-arrivals" question={asked} />
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <Flex vertical gap={12}>
          <section className="panel" aria-label={t('bank.totals')}>
            <Flex gap={48} wrap>
              {(['expectedFen', 'arrivedFen', 'awaitedFen', 'differenceFen', 'feeFen'] as const).map(
                (name) => (
                  <Statistic
                    key={name}
                    title={t(`bank.${name}`)}
                    valueRender={() => <Money fen={totals[name]} strong />}
                  />
                ),
              )}
            </Flex>
          </section>
          <section className="panel" aria-label={t('bank.arrivals')}>
            <Flex justify="space-between" align="center">
              <h2>{t('bank.arrivals')}</h2>
              {mayMatch && (
                <Button
                  type="primary"
                  size="small"
                  disabled={chosenDays.length === 0 || chosenLines.length === 0}
                  onClick={() => setMatching(true)}
                >
                  {t('bank.match', { days: chosenDays.length, lines: chosenLines.length })}
                </Button>
              )}
            </Flex>
            <Table<Arrival>
              size="small"
              loading={isFetching}
              dataSource={data.arrivals}
              rowKey={keyOf}
              scroll={{ x: 'max-content' }}
              pagination={{
                pageSize: 20,
                hideOnSinglePage: true,
                showTotal: (count) => t('common.total', { total: count }),
              }}
              locale={{
                emptyText: (
                  <Empty description={t('bank.noArrivals')}>
                    <Link to="/bank-settlements">{t('menu.bankSettlements')}</Link>
                  </Empty>
                ),
              }}
              {...(mayMatch
                ? {
                    rowSelection: {
                      selectedRowKeys: days,
                      onChange: (keys) => setDays(keys.map(String)),
                      getCheckboxProps: (row) => ({ disabled: row.matchNo !== null }),
                    },
                  }
                : {})}
              columns={[
                {
                  title: t('bank.date'),
                  fixed: 'left',
                  render: (_, row) => <span className="number">{row.date}</span>,
                },
                {
                  title: t('bank.channelAccount'),
                  render: (_, { accountCode }) => <ChannelAccountName code={accountCode} />,
                },
                ...(
                  [
                    'paymentFen',
                    'refundFen',
                    'feeFen',
                    'expectedFen',
                    'flowFen',
                    'arrivedFen',
                    'differenceFen',
                  ] as const
                ).map((name) => ({
                  title:
                    name === 'flowFen' ? (
                      <Tooltip title={t('bank.flowHint')}>{t('bank.flowFen')}</Tooltip>
                    ) : (
                      t(`bank.${name}`)
                    ),
                  key: name,
                  align: 'right' as const,
                  render: (_: unknown, row: Arrival) => (
                    <Money fen={row[name]} strong={name === 'expectedFen' || name === 'arrivedFen'} />
                  ),
                })),
                {
                  title: t('bank.expectedOn'),
                  render: (_, row) => <span className="number">{row.expectedOn}</span>,
                },
                {
                  title: t('bank.arrivedOn'),
                  render: (_, row) => <span className="number">{row.arrivedOn ?? '—'}</span>,
                },
                {
                  title: t('bank.status'),
                  fixed: 'right',
                  render: (_, row) => (
                    <Tooltip title={row.note ?? (row.origin ? t(`bank.origin.${row.origin}`) : undefined)}>
                      <Tag color={colors[row.status]}>{t(`bank.statuses.${row.status}`)}</Tag>
                    </Tooltip>
                  ),
                },
                {
                  title: t('common.actions'),
                  fixed: 'right',
                  render: (_, row) =>
                    row.matchNo !== null &&
                    mayMatch && (
                      <Popconfirm
                        title={t('bank.undoAsk')}
                        onConfirm={() =>
                          post(
                            `/reconciliation/bank/matches/${row.matchNo}/undo`,
                            undefined,
                            t('bank.undone'),
                          )
                        }
                      >
                        <Button type="link" size="small" className="cell-link">
                          {t('bank.undo')}
                        </Button>
                      </Popconfirm>
                    ),
                },
              ]}
            />
          </section>
          <section className="panel" aria-label={t('bank.unmatched')}>
            <h2>
              {t('bank.unmatched')}{' '}
              <span className="quiet">
                {t('common.total', { total: data.unmatchedTotal.count })}{' '}
                <Money fen={data.unmatchedTotal.sumFen} />{' '}
                {data.unmatchedTotal.count > data.unmatched.length &&
                  t('bank.newestLines', { shown: data.unmatched.length })}
              </span>
            </h2>
            <Table<BankLine>
              size="small"
              dataSource={data.unmatched}
              rowKey="documentId"
              scroll={{ x: 'max-content' }}
              pagination={{
                pageSize: 10,
                hideOnSinglePage: true,
              }}
              locale={{ emptyText: <Empty description={t('bank.noLines')} /> }}
              {...(mayMatch
                ? { rowSelection: { selectedRowKeys: lines, onChange: (keys) => setLines(keys.map(String)) } }
                : {})}
              columns={[
                {
                  title: t('bank.lineDate'),
                  render: (_, row) => <span className="number">{`${row.date} ${row.timeText}`}</span>,
                },
                { title: t('bank.account'), dataIndex: 'bankAccountCode' },
                {
                  title: t('bank.amount'),
                  align: 'right',
                  render: (_, row) => <Money fen={row.amountFen} strong />,
                },
                { title: t('bank.counterparty'), render: (_, row) => <Clipped text={row.counterparty} /> },
                { title: t('bank.summary'), render: (_, row) => <Clipped text={row.summary} /> },
                { title: t('bank.reference'), render: (_, row) => <Clipped text={row.reference} /> },
                {
                  title: t('common.actions'),
                  render: (_, row) =>
                    mayMatch && (
                      <Popconfirm
                        title={t('bank.ignoreAsk')}
                        onConfirm={() =>
                          post(
                            `/reconciliation/bank/lines/${row.documentId}/ignore`,
                            { ignored: true },
                            t('bank.ignored'),
                          )
                        }
                      >
                        <Button type="link" size="small" className="cell-link">
                          {t('bank.ignore')}
                        </Button>
                      </Popconfirm>
                    ),
                },
              ]}
            />
          </section>
        </Flex>
      )}
      {isImporting && (
        <ImportStatement
          banks={banks}
          onClose={() => {
            setImporting(false);
            reload();
          }}
        />
      )}
      {isMatching && (
        <MatchByHand
          days={chosenDays}
          lines={chosenLines}
          onClose={() => setMatching(false)}
          onMatch={(note) => {
            setMatching(false);
            const chosen = chosenDays.map(({ accountCode, date }) => ({ accountCode, date }));
            void post('/reconciliation/bank/matches', { arrivals: chosen, lines, note }, t('bank.matched'));
          }}
        />
      )}
    </Page>
  );
}

function MatchByHand({
  days,
  lines,
  onMatch,
  onClose,
}: {
  days: Arrival[];
  lines: BankLine[];
  onMatch: (note: string | null) => void;
  onClose: () => void;
}) {
  const { t } = useText();
  const [note, setNote] = useState('');
  const expected = sumFen(days.map(({ expectedFen }) => expectedFen));
  const arrived = sumFen(lines.map(({ amountFen }) => amountFen));
  const differs = expected !== arrived;
  return (
    <Modal
      open
      title={t('bank.matchTitle')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: differs && note.trim() === '' }}
      onOk={() => onMatch(note.trim() || null)}
      onCancel={onClose}
    >
      <Flex gap={32} style={{ marginBlock: 12 }}>
        <Statistic title={t('bank.expectedFen')} valueRender={() => <Money fen={expected} strong />} />
        <Statistic title={t('bank.arrivedFen')} valueRender={() => <Money fen={arrived} strong />} />
        <Statistic
          title={t('bank.differenceFen')}
          valueRender={() => <Money fen={arrived - expected} strong />}
        />
      </Flex>
      <Input.TextArea
        aria-label={t('bank.note')}
        placeholder={differs ? t('bank.noteNeeded') : t('bank.note')}
        maxLength={500}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </Modal>
  );
}
