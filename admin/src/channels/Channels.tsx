import { Empty, Popconfirm, Skeleton, Switch, Table, Tag } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../http/client';
import { anything, type Channel } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useChannels } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';

/** 渠道: what is installed, what each channel offers, and whether it takes new orders. */
export default function Channels() {
  const { t, pick } = useText();
  const { channels, error, isPending, refetch } = useChannels();
  const tags = (names: string[], group: string) =>
    names.map((name) => <Tag key={name}>{t(`channels.${group}.${name}`, { defaultValue: name })}</Tag>);
  return (
    <Page title={t('menu.channels')}>
      <p className="quiet">{t('channels.explain')}</p>
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending ? (
        <Skeleton active paragraph={{ rows: 8 }} />
      ) : (
        <Table<Channel>
          size="small"
          rowKey="code"
          dataSource={channels}
          pagination={false}
          scroll={{ x: 1000 }}
          locale={{
            emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('channels.none')} />,
          }}
          columns={[
            { title: t('channels.title'), width: 160, render: (_, { title }) => pick(title) },
            { title: t('channels.code'), dataIndex: 'code', width: 110 },
            {
              title: t('channels.scenes'),
              width: 300,
              render: (_, { scenes }) =>
                scenes.length > 0 ? (
                  tags(scenes, 'scene')
                ) : (
                  <span className="quiet">{t('channels.ended')}</span>
                ),
            },
            { title: t('channels.verbs'), render: (_, { verbs }) => tags(verbs, 'verb') },
            {
              title: t('channels.accounts'),
              width: 80,
              align: 'right',
              render: (_, { code, accounts }) =>
                accounts > 0 ? <Link to={`/channel-accounts?channel=${code}`}>{accounts}</Link> : accounts,
            },
            {
              title: t('channels.enabled'),
              width: 80,
              render: (_, channel) => <Enabled channel={channel} reload={refetch} />,
            },
          ]}
        />
      )}
    </Page>
  );
}

function Enabled({ channel, reload }: { channel: Channel; reload: () => Promise<unknown> }) {
  const { t, pick } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const title = pick(channel.title);
  const turn = async (enabled: boolean) => {
    setBusy(true);
    try {
      await call(`/payments/channels/${encodeURIComponent(channel.code)}`, anything, {
        method: 'PUT',
        body: { enabled },
      });
      await reload();
      toast.success(enabled ? t('channels.enabledNow', { title }) : t('channels.disabledNow', { title }));
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  const shown = (
    <Switch
      size="small"
      aria-label={`${title} ${t('channels.enabled')}`}
      checked={channel.enabled}
      loading={isBusy}
      disabled={!may('update', 'channel')}
      {...(channel.enabled ? {} : { onChange: () => void turn(true) })}
    />
  );
  if (!channel.enabled) return shown;
  return (
    <Popconfirm
      title={t('channels.disableSure', { title })}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      disabled={!may('update', 'channel')}
      onConfirm={() => turn(false)}
    >
      {shown}
    </Popconfirm>
  );
}
