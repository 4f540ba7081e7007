import { UploadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, App, Button, Drawer, Empty, Flex, Skeleton, Table, Upload } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call, failureOf } from '../http/client';
import { anything, runs } from '../http/contracts';
import type { Failure } from '../http/failure';
import { fetchFile, sendFile } from '../http/files';
import { useText } from '../i18n';
import { useErrorText } from '../reconciliation/useErrorText';
import { Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { dateTimeText, today } from '../time';
import { type BillAccount, type BillKind, type BillVersion, uploaded, versions } from './contracts';
import { FlowComparison } from './FlowComparison';
import { VersionDifference } from './VersionDifference';

/** One account's bill of one day: its versions, what differs between them, and what can be done about it. */
export function BillDrawer({
  account,
  date,
  kind,
  onClose,
  onChanged,
}: {
  account: BillAccount;
  date: string;
  kind: BillKind;
  onClose: () => void;
  onChanged: () => void;
}) {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const navigate = useNavigate();
  const { modal } = App.useApp();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Failure>();
  const path = `/reconciliation/bills/${encodeURIComponent(account.accountCode)}/${date}`;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['bill-versions', account.accountCode, date, kind],
    queryFn: () => call(`${path}/versions`, versions, { query: { kind } }),
  });
  const kept = data?.versions ?? [];
  const day = account.days.find((each) => each.date === date);
  const isOver = date < today();
  const errorText = useErrorText(Boolean(day?.errorCode));

  const working = async (work: () => Promise<void>) => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await work();
      await refetch();
      onChanged();
    } catch (failure) {
      setRefusal(failureOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const run = () =>
    working(async () => {
      const body = { date, accountCode: account.accountCode };
      await call('/reconciliation/runs', runs, { method: 'POST', body });
      toast.success(t('runs.requested'));
      navigate(`/reconciliation-runs?date=${date}~${date}`);
    });
  const upload = (file: File) =>
    working(async () => {
      const told = await sendFile(`${path}/upload`, uploaded, { query: { fileName: file.name }, file });
      if (!told.isNew) {
        toast.info(t('bills.sameFile'));
        return;
      }
      toast.success(t('bills.kept', { version: told.version }));
      if (!told.reconciled || !may('reconcile', 'reconciliation-run')) return;
      modal.confirm({
        title: t('bills.runAgainAsk'),
        okText: t('bills.runNow'),
        cancelText: t('common.cancel'),
        onOk: run,
      });
    });
  const fetchFlows = () =>
    working(async () => {
      await call(`${path}/fund-flow`, anything, { method: 'POST' });
      toast.success(t('bills.asked'));
    });
  const mayRun = may('reconcile', 'reconciliation-run') && isOver;

  return (
    <Drawer
      open
      width={980}
      title={`${account.name} · ${date} · ${kind === 'trade' ? t('bills.trade') : t('bills.fundFlow')}`}
      onClose={onClose}
      extra={
        <Flex gap={8}>
          {kind === 'trade' && account.canUpload && may('create', 'bill-archive') && isOver && (
            <Upload
              showUploadList={false}
              beforeUpload={(file) => {
                void upload(file);
                return false;
              }}
            >
              <Button icon={<UploadOutlined />} loading={busy}>
                {t('bills.upload')}
              </Button>
            </Upload>
          )}
          {kind === 'trade' && mayRun && (
            <Button type="primary" loading={busy} onClick={() => void run()}>
              {t('bills.runNow')}
            </Button>
          )}
          {kind === 'fund-flow' && mayRun && day?.state !== 'none' && (
            <Button type="primary" loading={busy} onClick={() => void fetchFlows()}>
              {t('bills.fetchFlows')}
            </Button>
          )}
        </Flex>
      }
    >
      <Flex vertical gap={16}>
        {refusal && <Refusal failure={refusal} />}
        {day && day.state !== 'arrived' && day.state !== 'uploaded' && (
          <Alert
            type={day.state === 'failed' || day.state === 'missing' ? 'error' : 'info'}
            showIcon
            message={t(`bills.explain.${day.state}`)}
            description={
              [
                day.errorCode ? errorText(day.errorCode) : '',
                day.lineNo === null ? '' : t('bills.atLine', { lineNo: day.lineNo }),
                day.nextAt ? t('bills.nextAt', { at: dateTimeText(day.nextAt) }) : '',
              ]
                .filter(Boolean)
                .join(' · ') || undefined
            }
          />
        )}
        {error && <FailureView error={error} onRetry={() => void refetch()} />}
        {isPending && !error && <Skeleton active />}
        {data && kept.length === 0 && <Empty description={t('bills.noVersion')} />}
        {kept.length > 0 && <Versions kept={kept} kind={kind} path={path} />}
        {kind === 'trade' && kept.length > 1 && <VersionDifference kept={kept} path={path} />}
        {kind === 'fund-flow' && kept.length > 0 && <FlowComparison path={path} />}
      </Flex>
    </Drawer>
  );
}

/** Why a file was not taken, with the line and the reader's own words for whoever asks the channel. */
function Refusal({ failure }: { failure: Failure }) {
  const { t, pick } = useText();
  const { lineNo, reason } = failure.details;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      message={`${pick(failure)} [${failure.code}]`}
      description={[
        typeof lineNo === 'number' ? t('bills.atLine', { lineNo }) : '',
        typeof reason === 'string' ? reason : '',
      ]
        .filter(Boolean)
        .join(' · ')}
    />
  );
}

function Versions({ kept, kind, path }: { kept: BillVersion[]; kind: BillKind; path: string }) {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const isTrade = kind === 'trade';
  const money = (title: string, name: 'paymentFen' | 'refundFen' | 'feeFen' | 'withdrawnFen') => ({
    title,
    key: name,
    align: 'right' as const,
    render: (_: unknown, row: BillVersion) => <Money fen={row[name]} />,
  });
  return (
    <Table<BillVersion>
      size="small"
      pagination={false}
      dataSource={kept.toReversed()}
      rowKey="version"
      scroll={{ x: 'max-content' }}
      columns={[
        { title: t('bills.version'), render: (_, row) => <strong>v{row.version}</strong> },
        { title: t('bills.source'), render: (_, row) => (row.source ? t(`bills.from.${row.source}`) : '') },
        { title: t('bills.by'), render: (_, row) => row.fetchedBy ?? '' },
        {
          title: t('bills.receivedAt'),
          render: (_, row) => <span className="number">{dateTimeText(row.fetchedAt)}</span>,
        },
        {
          title: isTrade ? t('bills.payments') : t('bills.moneyIn'),
          align: 'right',
          render: (_, row) => row.payments,
        },
        money(isTrade ? t('bills.paymentSum') : t('bills.moneyInSum'), 'paymentFen'),
        {
          title: isTrade ? t('bills.refunds') : t('bills.moneyOut'),
          align: 'right',
          render: (_, row) => row.refunds,
        },
        money(isTrade ? t('bills.refundSum') : t('bills.moneyOutSum'), 'refundFen'),
        money(t('bills.fee'), 'feeFen'),
        ...(isTrade ? [] : [money(t('bills.withdrawn'), 'withdrawnFen')]),
        ...(may('unmask', 'patient')
          ? [
              {
                title: t('common.actions'),
                key: 'actions',
                render: (_: unknown, row: BillVersion) => (
                  <Button
                    type="link"
                    size="small"
                    className="cell-link"
                    onClick={() => {
                      fetchFile(`${path}/file`, { kind, version: String(row.version) }, row.fileName).catch(
                        toast.failure,
                      );
                    }}
                  >
                    {t('bills.download')}
                  </Button>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}
