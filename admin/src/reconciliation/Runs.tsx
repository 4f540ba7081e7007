import { Button, Popconfirm } from 'antd';
import { call } from '../http/client';
import { anything, type Row, type Screen } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { useToast } from '../shell/useToast';
import { isUnderWay, RunDetail } from './RunDetail';

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
  const actions = (row: Row, { screen, reload }: { screen: Screen; reload: () => void }) => {
    if (screen.can.actions.run !== true) return null;
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
  };
  return (
    <SchemaList
      type="reconciliation-run"
      title={t('menu.runs')}
      keyField="runNo"
      follow={isUnderWay}
      actionsWidth={118}
      detailWidth={820}
      detail={(runNo, { screen, row, reload }) => (
        <RunDetail runNo={runNo} screen={screen} row={row}>
          {(run, reread) =>
            actions(run, {
              screen,
              reload: () => {
                reload();
                reread();
              },
            })
          }
        </RunDetail>
      )}
      rowActions={actions}
    />
  );
}
