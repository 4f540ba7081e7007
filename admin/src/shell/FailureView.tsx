import { Alert, Button, Space, Typography } from 'antd';
import { failureOf } from '../http/client';
import { useText } from '../i18n';

/** What went wrong, in the reader's language, with the code to quote to support and a way to try again. */
export function FailureView({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t, pick } = useText();
  const failure = failureOf(error);
  return (
    <Alert
      type={failure.statusCode === 403 ? 'warning' : 'error'}
      showIcon
      role="alert"
      message={pick(failure)}
      description={
        <>
          <Typography.Text type="secondary">
            {t('common.code')}: {failure.code}
          </Typography.Text>
          {failure.issues.map((issue) => (
            <div key={issue}>{issue}</div>
          ))}
        </>
      }
      action={
        onRetry && (
          <Space>
            <Button size="small" onClick={onRetry}>
              {t('common.retry')}
            </Button>
          </Space>
        )
      }
    />
  );
}
