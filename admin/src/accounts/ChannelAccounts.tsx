import { Button } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { accountTest } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { useToast } from '../shell/useToast';
import { AccountForm } from './AccountForm';

function TestLink({ code, reload }: { code: string; reload: () => void }) {
  const { t, pick } = useText();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    try {
      const result = await call(`/payments/accounts/${encodeURIComponent(code)}/test`, accountTest, {
        method: 'POST',
        body: {},
      });
      if (result.ok) toast.success(t('accounts.testOk', { ms: result.durationMs ?? 0 }));
      else
        toast.warning(
          `${t('accounts.testFailed')}: ${pick({ zh: result.zh ?? '', en: result.en ?? result.zh ?? '' })} [${result.code ?? ''}]`,
        );
      reload();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button type="link" size="small" className="cell-link" loading={isBusy} onClick={() => void test()}>
      {t('accounts.test')}
    </Button>
  );
}

export default function ChannelAccounts() {
  const { t } = useText();
  return (
    <SchemaList
      type="channel-account"
      title={t('menu.channelAccounts')}
      keyField="code"
      viewable={false}
      actionsWidth={140}
      rowActions={(row, { screen, reload }) =>
        screen.can.actions.test === true ? <TestLink code={String(row.code)} reload={reload} /> : null
      }
      form={(code, { done }) => <AccountForm key={code ?? 'new'} code={code} onDone={done} />}
    />
  );
}
