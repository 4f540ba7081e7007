import { BellOutlined } from '@ant-design/icons';
import { App, Badge, Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { useStream } from '../http/useStream';
import { useText } from '../i18n';
import { useAccount } from '../shell/useAccount';
import { inbox } from './contracts';

/** How many of one's own messages are unread; a new one is shown as it comes. */
export function Bell() {
  const { may } = useAccount();
  return may('read', 'message') ? <Ringing /> : null;
}

function Ringing() {
  const { t, language } = useText();
  const navigate = useNavigate();
  const { notification } = App.useApp();
  const { data } = useStream('/monitoring/inbox/stream', 'inbox', inbox);
  const seen = useRef<string | null>(undefined);
  const latest = data?.latest ?? null;
  const open = (messageNo: string | undefined) =>
    navigate(messageNo ? `/messages?open=${messageNo}` : '/messages');

  // biome-ignore lint/correctness/useExhaustiveDependencies: a message is shown once, whatever else changes
  useEffect(() => {
    if (!data) return;
    const isNew = seen.current !== undefined && latest !== null && seen.current !== latest.messageNo;
    seen.current = latest?.messageNo ?? seen.current ?? null;
    if (!isNew || !latest) return;
    notification[latest.level === 'critical' ? 'error' : latest.level === 'warning' ? 'warning' : 'info']({
      message: language === 'zh' ? latest.title : (latest.titleEn ?? latest.title),
      placement: 'bottomRight',
      duration: latest.level === 'critical' ? 0 : 6,
      onClick: () => void open(latest.messageNo),
    });
  }, [data]);

  return (
    <Badge count={data?.unread ?? 0} size="small" overflowCount={99}>
      <Button
        type="text"
        size="small"
        icon={<BellOutlined />}
        aria-label={t('messages.unread', { count: data?.unread ?? 0 })}
        onClick={() => void open(undefined)}
      />
    </Badge>
  );
}
