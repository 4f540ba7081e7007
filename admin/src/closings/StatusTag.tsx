import { Tag } from 'antd';
import { useText } from '../i18n';
import type { PeriodStatus } from './contracts';

const colors: Record<PeriodStatus, string> = {
  future: 'default',
  current: 'processing',
  open: 'error',
  closed: 'success',
  reopening: 'warning',
  reopened: 'orange',
};

export function StatusTag({ status }: { status: PeriodStatus }) {
  const { t } = useText();
  return <Tag color={colors[status]}>{t(`closings.status.${status}`)}</Tag>;
}
