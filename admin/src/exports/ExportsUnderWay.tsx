import { CloseOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Card, Flex, Progress, Typography } from 'antd';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { Link } from 'react-router';
import { call } from '../http/client';
import { type ExportView, exportView } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { useToast } from '../shell/useToast';
import { download } from './download';

export interface ExportQuestion {
  /** A report's code or a content type. */
  code: string;
  format: 'xlsx' | 'csv';
  question: Record<string, unknown>;
}

const Begin = createContext<(asked: ExportQuestion) => Promise<void>>(() => Promise.resolve());
export const useBeginExport = () => useContext(Begin);

const isUnderWay = ({ status }: Pick<ExportView, 'status'>): boolean =>
  status === 'queued' || status === 'running';

/** Exports asked for at this screen: they go on while their owner does, and are downloaded when they are done. */
export function ExportsUnderWay({ children }: { children: ReactNode }) {
  const { language, t } = useText();
  const client = useQueryClient();
  const [shown, setShown] = useState<ExportView[]>([]);
  const begin = useCallback(
    async (asked: ExportQuestion) => {
      const view = await call('/reconciliation/exports', exportView, {
        method: 'POST',
        body: { ...asked, language },
      });
      setShown((before) => [...before, view]);
      await client.invalidateQueries({ queryKey: ['exports'] });
    },
    [language, client],
  );
  const dismiss = (exportNo: string) =>
    setShown((before) => before.filter((view) => view.exportNo !== exportNo));
  return (
    <Begin.Provider value={begin}>
      {children}
      <section className="exports" aria-label={t('exports.underWay')}>
        {shown.map((view) => (
          <UnderWay key={view.exportNo} begun={view} onDismiss={() => dismiss(view.exportNo)} />
        ))}
      </section>
    </Begin.Provider>
  );
}

const stayMs = 8000;

function UnderWay({ begun, onDismiss }: { begun: ExportView; onDismiss: () => void }) {
  const { t, pick } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const { exportNo } = begun;
  const {
    data: view = begun,
    error,
    refetch,
  } = useQuery({
    queryKey: ['exports', 'one', exportNo],
    queryFn: () => call(`/reconciliation/exports/${exportNo}`, exportView),
    refetchInterval: ({ state: { data } }) => (data && !isUnderWay(data) ? false : 700),
  });

  const { status } = view;
  const fetched = useRef(false);
  const dismiss = useRef(onDismiss);
  dismiss.current = onDismiss;
  const file = useMemo(() => ({ exportNo, fileName: begun.fileName }), [exportNo, begun.fileName]);
  useEffect(() => {
    if (status === 'queued' || status === 'running') return;
    void client.invalidateQueries({ queryKey: ['exports', 'list'] });
    if (status !== 'done') return;
    if (!fetched.current) {
      fetched.current = true;
      download(file).catch(toast.failure);
    }
    const timer = setTimeout(() => dismiss.current(), stayMs);
    return () => clearTimeout(timer);
  }, [status, file, client, toast]);

  const cancel = () =>
    call(`/reconciliation/exports/${exportNo}/cancel`, exportView, { method: 'POST' }).then(
      onDismiss,
      toast.failure,
    );
  return (
    <Card
      size="small"
      title={t(`exports.status.${status}`)}
      extra={
        <Button
          type="text"
          size="small"
          icon={<CloseOutlined />}
          aria-label={t('common.close')}
          onClick={onDismiss}
        />
      }
    >
      <Typography.Text ellipsis={{ tooltip: view.fileName }}>{view.fileName}</Typography.Text>
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {!error && <ExportProgress view={view} />}
      {view.error && (
        <Typography.Paragraph type="danger" role="alert">
          {pick(view.error)} [{view.error.code}]
        </Typography.Paragraph>
      )}
      <Flex justify="end" gap={12}>
        {isUnderWay(view) && (
          <Button size="small" onClick={() => void cancel()}>
            {t('common.cancel')}
          </Button>
        )}
        {status === 'done' && (
          <Button size="small" onClick={() => void download(file).catch(toast.failure)}>
            {t('exports.again')}
          </Button>
        )}
        <Link to="/exports">{t('menu.exports')}</Link>
      </Flex>
    </Card>
  );
}

/** How far an export has come, in rows. */
export function ExportProgress({ view: { status, rowsDone, rowsTotal } }: { view: ExportView }) {
  const { t } = useText();
  if (status !== 'queued' && status !== 'running')
    return (
      <div className="quiet number">{t('exports.rows', { rows: rowsDone.toLocaleString('en-US') })}</div>
    );
  const percent = rowsTotal === 0 ? 0 : Math.floor((rowsDone / rowsTotal) * 100);
  return (
    <>
      <Progress
        percent={Math.min(percent, 99)}
        size="small"
        status="active"
        aria-label={t('exports.progress')}
      />
      <div className="quiet number" role="status">
        {rowsTotal === 0
          ? t('exports.preparing')
          : t('exports.of', {
              done: rowsDone.toLocaleString('en-US'),
              total: rowsTotal.toLocaleString('en-US'),
            })}
      </div>
    </>
  );
}
