import { CheckCircleFilled, CloseCircleFilled, InfoCircleFilled } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import {
  Alert,
  Button,
  Descriptions,
  Flex,
  Input,
  List,
  Popconfirm,
  Skeleton,
  Space,
  Typography,
} from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../http/client';
import { anything } from '../http/contracts';
import { useText } from '../i18n';
import { ofMerchant, unhandledCases } from '../reconciliation/unhandled';
import { Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';
import { type CheckItem, checked, type PeriodView, verified } from './contracts';
import { StatusTag } from './StatusTag';

/** Where what the checklist names can be put right. */
function placeOf(code: string, merchantCode: string, { firstDay, lastDay }: PeriodView): string | undefined {
  const days = `${firstDay}~${lastDay}${ofMerchant(merchantCode)}`;
  switch (code) {
    case 'missing_runs':
    case 'missing_bills':
    case 'stale_runs':
      return `/reconciliation-runs?date=${days}`;
    case 'open_cases':
      return `${unhandledCases(merchantCode)}&date=${firstDay}~${lastDay}`;
    case 'unknown_orders':
      return `/orders?createdTime=${days}&status=created,pending,unknown`;
    case 'unknown_refunds':
      return `/refunds?requestedAt=${days}&status=requested,processing,unknown`;
    case 'open_shifts':
      return `/shifts?openedAt=${days}&status=open,closed`;
    default:
      return undefined;
  }
}

function Check({ item, place }: { item: CheckItem; place: string | undefined }) {
  const { t } = useText();
  const isNoted = item.isClean && item.count > 0;
  return (
    <List.Item extra={item.count > 0 && place && <Link to={place}>{t('closings.goThere')}</Link>}>
      <Space align="start">
        {!item.isClean ? (
          <CloseCircleFilled style={{ color: '#c41d1d' }} />
        ) : isNoted ? (
          <InfoCircleFilled style={{ color: '#b45309' }} />
        ) : (
          <CheckCircleFilled style={{ color: '#389e0d' }} />
        )}
        <div>
          <div>
            {t(`closings.check.${item.code}`)}
            {item.count > 0 ? (
              <strong> {item.count}</strong>
            ) : (
              <span className="quiet"> · {t('common.none')}</span>
            )}
          </div>
          {item.names.length > 0 && (
            <Typography.Text type="secondary">
              {item.names.slice(0, 12).join(', ')}
              {item.names.length > 12 && ' …'}
            </Typography.Text>
          )}
        </div>
      </Space>
    </List.Item>
  );
}

/** One period: its figures, what is missing before it can be closed, and everything that was done to it. */
export function ClosingPanel({
  merchantCode,
  kind,
  period,
  onChanged,
}: {
  merchantCode: string;
  kind: string;
  period: string;
  onChanged: () => void;
}) {
  const { t } = useText();
  const toast = useToast();
  const { account, may } = useAccount();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const path = `/reconciliation/closings/${merchantCode}/${kind}/${period}`;
  const { data, error, refetch } = useQuery({
    queryKey: ['closing', merchantCode, kind, period],
    queryFn: () => call(`${path}/check`, checked),
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton active />;
  const { view, checklist } = data;
  const { closing, figures, status } = view;
  const isLocked = status === 'closed' || status === 'reopening';
  const mayClose = may('create', 'closing') && (status === 'open' || status === 'reopened');
  const mayReopen = may('update', 'closing');

  const act = async (verb: string, body: object, done: string) => {
    setBusy(true);
    try {
      await call(`${path}/${verb}`, anything, { method: 'POST', body });
      toast.success(done);
      setReason('');
      onChanged();
    } catch (failure) {
      toast.failure(failure);
    } finally {
      setBusy(false);
      void refetch();
    }
  };
  const verify = async (closingNo: string) => {
    try {
      const verdict = await call(`/reconciliation/closings/${closingNo}/verify`, verified);
      if (verdict.isIntact) toast.success(t('closings.intact'));
      else toast.warning(t('closings.touched'));
    } catch (failure) {
      toast.failure(failure);
    }
  };

  const hasOpenParts = checklist.some(({ code, isClean }) => code === 'open_parts' && !isClean);
  const isClean = checklist.every((item) => item.isClean || item.code === 'open_parts');
  const needsReason = !isClean || hasOpenParts;
  const amount = (name: keyof PeriodView['figures']) => ({
    key: name,
    label: t(`closings.${name}`),
    children: <Money fen={figures[name]} strong={name === 'differenceFen'} />,
  });

  return (
    <Flex vertical gap={16}>
      <Descriptions
        size="small"
        bordered
        column={2}
        items={[
          { key: 'status', label: t('closings.state'), children: <StatusTag status={status} /> },
          {
            key: 'counts',
            label: t('closings.counts'),
            children: `${figures.takenCount} / ${figures.refundedCount} / ${figures.hisCount}`,
          },
          amount('takenFen'),
          amount('refundedFen'),
          amount('platformFen'),
          amount('hisFen'),
          amount('abnormalRefundFen'),
          amount('differenceFen'),
          ...(isLocked ? [amount('adjustedPlatformFen'), amount('adjustedHisFen')] : []),
        ]}
      />
      {closing && (
        <Descriptions
          size="small"
          bordered
          column={1}
          items={[
            {
              key: 'closedBy',
              label: t('closings.closedBy'),
              children: `${closing.closedBy ?? ''} ${dateTimeText(closing.closedAt)} · ${t('closings.version', { version: closing.version })}`,
            },
            ...(closing.overrideReason
              ? [{ key: 'override', label: t('closings.override'), children: closing.overrideReason }]
              : []),
            {
              key: 'hash',
              label: t('closings.hash'),
              children: (
                <Space>
                  <span className="code">{closing.hash.slice(0, 16)}…</span>
                  <Button size="small" onClick={() => void verify(closing.closingNo)}>
                    {t('closings.verify')}
                  </Button>
                </Space>
              ),
            },
            ...(closing.reopenRequestedBy
              ? [
                  {
                    key: 'reopen',
                    label: t('closings.reopenAsked'),
                    children: `${closing.reopenRequestedBy} ${dateTimeText(closing.reopenRequestedAt)} · ${closing.reopenReason ?? ''}`,
                  },
                ]
              : []),
            ...(closing.reopenedBy
              ? [
                  {
                    key: 'reopened',
                    label: t('closings.reopenedBy'),
                    children: `${closing.reopenedBy} ${dateTimeText(closing.reopenedAt)}`,
                  },
                ]
              : []),
          ]}
        />
      )}
      {!isLocked && status !== 'future' && (
        <section aria-label={t('closings.checklist')}>
          <h3 style={{ margin: '0 0 4px' }}>{t('closings.checklist')}</h3>
          <List
            size="small"
            dataSource={checklist}
            rowKey="code"
            renderItem={(item) => <Check item={item} place={placeOf(item.code, merchantCode, view)} />}
          />
        </section>
      )}
      {status === 'current' && <Alert type="info" showIcon message={t('closings.notOver')} />}
      {mayClose && (
        <Flex vertical gap={8}>
          {hasOpenParts && <Alert type="warning" showIcon message={t('closings.closesParts')} />}
          {needsReason && (
            <Input.TextArea
              aria-label={t('closings.override')}
              placeholder={t(isClean ? 'closings.overrideHintParts' : 'closings.overrideHint')}
              value={reason}
              maxLength={500}
              rows={2}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
          <Popconfirm
            title={t('closings.closeSure', { period })}
            okText={t('common.confirm')}
            cancelText={t('common.cancel')}
            onConfirm={() =>
              act(
                'close',
                { ...(reason.trim() ? { reason: reason.trim() } : {}), closeParts: hasOpenParts },
                t('closings.done'),
              )
            }
          >
            <Button
              type="primary"
              danger={!isClean}
              loading={busy}
              disabled={!isClean && reason.trim() === ''}
              style={{ alignSelf: 'flex-start' }}
            >
              {t(isClean ? 'closings.close' : 'closings.closeAnyway')}
            </Button>
          </Popconfirm>
        </Flex>
      )}
      {mayReopen && status === 'closed' && (
        <Flex vertical gap={8}>
          <Input.TextArea
            aria-label={t('closings.reopenReason')}
            placeholder={t('closings.reopenHint')}
            value={reason}
            maxLength={500}
            rows={2}
            onChange={(event) => setReason(event.target.value)}
          />
          <Button
            loading={busy}
            disabled={reason.trim() === ''}
            style={{ alignSelf: 'flex-start' }}
            onClick={() => void act('reopen', { reason: reason.trim() }, t('closings.asked'))}
          >
            {t('closings.askToReopen')}
          </Button>
        </Flex>
      )}
      {mayReopen && status === 'reopening' && (
        <Flex vertical gap={8}>
          {closing?.reopenRequestedBy === account?.username && (
            <Alert type="info" showIcon message={t('closings.otherPerson')} />
          )}
          <Space>
            <Button
              type="primary"
              danger
              loading={busy}
              disabled={closing?.reopenRequestedBy === account?.username}
              onClick={() => void act('reopen/confirm', {}, t('closings.reopenedNow'))}
            >
              {t('closings.confirmReopening')}
            </Button>
            <Button loading={busy} onClick={() => void act('reopen/refuse', {}, t('closings.staysClosed'))}>
              {t('closings.refuseReopening')}
            </Button>
          </Space>
        </Flex>
      )}
    </Flex>
  );
}
