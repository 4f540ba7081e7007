import { Alert, Button, Modal, Popconfirm, Space, Typography } from 'antd';
import { useState } from 'react';
import { z } from 'zod';
import { call } from '../http/client';
import { anything, type Row } from '../http/contracts';
import { useText } from '../i18n';
import { useToast } from '../shell/useToast';

const issued = z.object({ token: z.string() });

/** Makes the token that a kiosk is registered with, shown this once, and ends it. */
export function KioskToken({ row, reload }: { row: Row; reload: () => void }) {
  const { t } = useText();
  const toast = useToast();
  const [isOpen, setOpen] = useState(false);
  const [token, setToken] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const path = `/kiosks/${encodeURIComponent(String(row.code))}/token`;
  const hasToken = Boolean(row.kioskTokenSince);

  const change = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
      reload();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  const issue = () =>
    change(async () => setToken((await call(path, issued, { method: 'POST', body: {} })).token));
  const revoke = () =>
    change(async () => {
      await call(path, anything, { method: 'DELETE' });
      setToken(undefined);
      toast.success(t('terminals.revoked'));
    });
  const close = () => {
    setOpen(false);
    setToken(undefined);
  };

  return (
    <>
      <Button type="link" size="small" className="cell-link" onClick={() => setOpen(true)}>
        {t('terminals.token')}
      </Button>
      <Modal
        open={isOpen}
        onCancel={close}
        title={`${t('terminals.kioskToken')} · ${String(row.name)}`}
        footer={<Button onClick={close}>{t('common.close')}</Button>}
      >
        <Space direction="vertical" size="middle" style={{ width: '100%' }}>
          <span>{t('terminals.hint', { address: `${window.location.origin}/kiosk` })}</span>
          {token && (
            <Alert
              type="warning"
              message={t('terminals.once')}
              description={
                <Typography.Text code copyable data-testid="kiosk-token">
                  {token}
                </Typography.Text>
              }
            />
          )}
          <Space>
            <Popconfirm
              disabled={!hasToken}
              title={t('terminals.againSure')}
              okText={t('terminals.issue')}
              cancelText={t('common.cancel')}
              onConfirm={() => void issue()}
            >
              <Button type="primary" loading={isBusy} onClick={hasToken ? undefined : () => void issue()}>
                {t(hasToken ? 'terminals.issueAgain' : 'terminals.issue')}
              </Button>
            </Popconfirm>
            {hasToken && (
              <Popconfirm
                title={t('terminals.revokeSure')}
                okText={t('terminals.revoke')}
                cancelText={t('common.cancel')}
                onConfirm={() => void revoke()}
              >
                <Button danger loading={isBusy}>
                  {t('terminals.revoke')}
                </Button>
              </Popconfirm>
            )}
          </Space>
        </Space>
      </Modal>
    </>
  );
}
