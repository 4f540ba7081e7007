import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Empty, Popconfirm, Table, Tag, Typography } from 'antd';
import { useSearchParams } from 'react-router';
import { call } from '../http/client';
import { type ExportView, exportList, exportView } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';
import { download } from './download';
import { ExportProgress } from './ExportsUnderWay';

const colors: Record<ExportView['status'], string> = {
  queued: 'default',
  running: 'processing',
  done: 'success',
  failed: 'error',
  cancelled: 'default',
  expired: 'default',
};
const pageSize = 20;

/** What this account has exported: how far it is, and the files while they are kept. */
export default function Exports() {
  const { t, pick } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const page = Math.max(1, Math.trunc(Number(search.get('page') ?? 1)) || 1);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['exports', 'list', page],
    queryFn: () => call('/reconciliation/exports', exportList, { query: { page, pageSize } }),
    refetchInterval: ({ state }) =>
      state.data?.exports.some(({ status }) => status === 'queued' || status === 'running') ? 1000 : false,
  });
  const cancel = (exportNo: string) =>
    call(`/reconciliation/exports/${exportNo}/cancel`, exportView, { method: 'POST' })
      .catch(toast.failure)
      .then(() => client.invalidateQueries({ queryKey: ['exports'] }));
  return (
    <Page
      title={t('menu.exports')}
      extra={
        <>
          <Typography.Text type="secondary">{t('exports.kept')}</Typography.Text>
          <Button onClick={() => void refetch()}>{t('common.reload')}</Button>
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      <Table<ExportView>
        size="small"
        className="rows panel"
        rowKey="exportNo"
        loading={!data && isFetching && { delay: 200 }}
        dataSource={data?.exports ?? []}
        scroll={{ x: 'max-content' }}
        locale={{
          emptyText: (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={error ? ' ' : t('exports.none')} />
          ),
        }}
        pagination={{
          current: page,
          pageSize,
          total: data?.total ?? 0,
          showTotal: (total) => t('common.total', { total }),
          hideOnSinglePage: true,
          onChange: (next) => setSearch(next > 1 ? { page: String(next) } : {}),
        }}
        columns={[
          {
            title: t('exports.asked'),
            render: (_, view) => <span className="number">{dateTimeText(view.createdTime)}</span>,
          },
          { title: t('exports.file'), dataIndex: 'fileName' },
          {
            title: t('exports.state'),
            width: 220,
            render: (_, view) => (
              <>
                <Tag color={colors[view.status]}>{t(`exports.status.${view.status}`)}</Tag>
                {view.error && (
                  <Typography.Text type="danger">
                    {pick(view.error)} [{view.error.code}]
                  </Typography.Text>
                )}
                {(view.status === 'queued' || view.status === 'running') && <ExportProgress view={view} />}
              </>
            ),
          },
          {
            title: t('exports.rowCount'),
            align: 'right',
            render: (_, view) => <span className="number">{view.rowsDone.toLocaleString('en-US')}</span>,
          },
          {
            title: t('exports.size'),
            align: 'right',
            render: (_, view) => (
              <span className="number">{view.bytes === null ? '—' : sizeText(view.bytes)}</span>
            ),
          },
          {
            title: t('exports.expires'),
            render: (_, view) => (
              <span className="number">{view.status === 'done' ? dateTimeText(view.expiresAt) : '—'}</span>
            ),
          },
          {
            title: t('common.actions'),
            fixed: 'right',
            render: (_, view) => {
              if (view.status === 'done')
                return (
                  <Button
                    type="link"
                    size="small"
                    className="cell-link"
                    onClick={() => void download(view).catch(toast.failure)}
                  >
                    {t('exports.download')}
                  </Button>
                );
              if (view.status !== 'queued' && view.status !== 'running') return null;
              return (
                <Popconfirm
                  title={t('exports.cancelSure')}
                  okText={t('common.confirm')}
                  cancelText={t('common.back')}
                  onConfirm={() => void cancel(view.exportNo)}
                >
                  <Button type="link" size="small" danger className="cell-link">
                    {t('common.cancel')}
                  </Button>
                </Popconfirm>
              );
            },
          },
        ]}
      />
    </Page>
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
