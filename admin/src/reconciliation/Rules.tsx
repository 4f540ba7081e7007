import { Alert } from 'antd';
import { useText } from '../i18n';
import { SchemaForm } from '../schema/SchemaForm';
import { SchemaList } from '../schema/SchemaList';
import { useAccount } from '../shell/useAccount';
import { RuleTrial } from './RuleTrial';

/** The rules of reconciliation as rows; a rule is tried on a past day before it is saved. */
export default function Rules() {
  const { t } = useText();
  const { may } = useAccount();
  return (
    <SchemaList
      type="reconciliation-rule"
      title={t('menu.rules')}
      form={(id, { screen, row, done }) => (
        <>
          <Alert type="info" showIcon message={t('rules.explain')} style={{ marginBottom: 16 }} />
          <SchemaForm
            key={id ?? 'new'}
            screen={screen}
            id={id}
            row={row}
            onDone={done}
            {...(may('read', 'summary') ? { tools: (read) => <RuleTrial read={read} /> } : {})}
          />
        </>
      )}
    />
  );
}
