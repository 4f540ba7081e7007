import { ApiOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { type AccountTest, accountTest } from '../http/contracts';
import { useText } from '../i18n';
import { useToast } from '../shell/useToast';

/** Asks the channel whether the stored credentials work, by a call that moves nothing. */
export function TestButton({ code, onTested }: { code: string; onTested?: () => void }) {
  const { t, pick } = useText();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<AccountTest>();
  const test = async () => {
    setBusy(true);
    setResult(undefined);
    try {
      setResult(
        await call(`/payments/accounts/${encodeURIComponent(code)}/test`, accountTest, {
          method: 'POST',
          body: {},
        }),
      );
      onTested?.();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div>
      <Button icon={<ApiOutlined />} loading={isBusy} onClick={() => void test()}>
        {isBusy ? t('accounts.testing') : t('accounts.test')}
      </Button>
      {result && (
        <Alert
          style={{ marginTop: 8 }}
          role="status"
          showIcon
          type={result.ok ? 'success' : 'error'}
          message={
            result.ok ? t('accounts.testOk', { ms: result.durationMs ?? 0 }) : t('accounts.testFailed')
          }
          description={
            result.ok
              ? undefined
              : `${pick({ zh: result.zh ?? '', en: result.en ?? result.zh ?? '' })} ${result.code ? `[${result.code}]` : ''}`
          }
        />
      )}
    </div>
  );
}
