import { Tag } from 'antd';
import type { Retry } from '../http/contracts';
import { useText } from '../i18n';

const colors = { automatic: 'processing', anew: 'success', after_fix: 'warning', no: 'error' } as const;

/** Whether what failed may be tried again, and by whom. */
export function RetryTag({ retry }: { retry: Retry }) {
  const { t } = useText();
  return <Tag color={colors[retry]}>{t(`abnormal.retries.${retry}`)}</Tag>;
}
