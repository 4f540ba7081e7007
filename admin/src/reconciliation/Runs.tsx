import { Button, Popconfirm } from 'antd';
import { call } from '../http/client';
import { anything, type Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { useToast } from '../shell/useToast';
import { RunDetail } from './RunDetail';

const underWay = ['queued', 'downloading', 'matching', 'writing'];
const cancellable = ['queued', 'deferred', 'downloading', 'matching'];

/** Runs move on by themselves: the list follows while one is under way. */
export default function Runs() {
  const { t } = useText();
  const toast = useToast();
  const post = (path: string, body: object | undefined, said: string, reload: () => void) =>
    call(path, anything, { method: 'POST', ...(body ? { body } : {}) })
      .then(() => toast.success(said))
      .catch((error: unknown) => toast.failure(error))
      .finally(reload);
  const cancel = (row: Row, reload: () => void) =>
    post(
      `/reconciliation/runs/${encodeURIComponent(String(row.runNo))}/cancel`,
      undefined,
      t('runs.cancelled'),
      reload,
    );
  const again = (row: Row, reload: () => void) =>
    post(
      '/reconciliation/runs',
      { date: String(row.date), accountCode: String(row.accountCode) },
      t('runs.requested'),
      reload,
    );
  return (
    <SchemaList
      type="reconciliation-run"
      title={t('menu.runs')}
      keyField="runNo"
      follow={(row) => underWay.includes(String(row.status))}
      actionsWidth={132}
      detailWidth={760}
      detail={(_, { screen, row }) => row && <RunDetail screen={screen} row={row} />}
      rowActions={(row, { screen, reload }) => {
        if (screen.can.actions.reconcile !== true) return null;
        return cancellable.includes(String(row.status)) ? (
          <Popconfirm title={t('runs.cancelAsk')} onConfirm={() => cancel(row, reload)}>
            <Button type="link" size="small" className="cell-link">
              {t('runs.cancel')}
            </Button>
          </Popconfirm>
        ) : (
          row.status !== 'writing' && (
            <Button type="link" size="small" className="cell-link" onClick={() => again(row, reload)}>
              {t('runs.again')}
            </Button>
          )
        );
      }}
    />
  );
}
