import { Alert, Button, Flex, Popconfirm, QRCode, Result, Space, Spin, Typography } from 'antd';
import { useEffect, useRef, useState } from 'react';
import type { OrderView } from '../http/contracts';
import { useText } from '../i18n';
import { currencySign, fenText } from '../money';
import { ChannelName } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { RetryTag } from '../shell/RetryTag';
import { useChannels } from '../shell/references';
import { useToast } from '../shell/useToast';
import { Receipt } from './Receipt';
import { remainingText, standingOf } from './sale';
import type { Sale } from './useSale';

interface Props {
  sale: Sale;
  patientName: string | undefined;
  onAskAgain: () => void;
  /** The next patient: everything starts empty. */
  onNext: () => void;
  /** In which the amount was typed. */
  currency: string;
  /** The same patient again, with a new number: only after a final answer. */
  onAgain: () => void;
  onEnd: (verb: 'close' | 'reverse') => Promise<void>;
}

/** How the sale at hand stands, in words and in what may be done about it. */
export function SalePanel({ sale, currency, patientName, onAskAgain, onNext, onAgain, onEnd }: Props) {
  const { t } = useText();
  const amount = (
    <div className="money strong" style={{ fontSize: 34 }}>
      {currencySign(currency)}
      {fenText(sale.amountFen, { currency })}
    </div>
  );
  switch (sale.phase) {
    case 'sending':
      return (
        <Flex vertical align="center" gap={16} role="status" aria-live="polite" style={{ paddingTop: 60 }}>
          {amount}
          <Spin size="large" />
          <Typography.Text>{t('cashier.paying')}</Typography.Text>
        </Flex>
      );
    case 'unanswered':
      return (
        <Result
          status="warning"
          title={t('cashier.unanswered')}
          subTitle={t('cashier.unansweredHint')}
          extra={
            <Flex vertical align="center" gap={12}>
              {amount}
              <span className="number quiet">{sale.merchantOrderNo}</span>
              <Button type="primary" size="large" autoFocus onClick={onAskAgain}>
                {t('cashier.askAgain')}
              </Button>
            </Flex>
          }
        />
      );
    case 'refused':
      return (
        <Result
          status="error"
          title={t('cashier.failed')}
          extra={
            <Flex vertical align="center" gap={12}>
              <FailureView error={sale.failure} />
              <Space>
                <Button type="primary" size="large" autoFocus onClick={onAgain}>
                  {t('cashier.again')}
                </Button>
                <Button size="large" onClick={onNext}>
                  {t('cashier.next')}
                </Button>
              </Space>
            </Flex>
          }
        />
      );
    case 'live':
      return (
        <Live order={sale.order} isOffline={sale.isOffline} {...{ patientName, onNext, onAgain, onEnd }} />
      );
    default:
      return sale satisfies never;
  }
}

function useSeconds(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

type LiveProps = Pick<Props, 'patientName' | 'onNext' | 'onAgain' | 'onEnd'> & {
  order: OrderView;
  isOffline: boolean;
};

function Live({ order, isOffline, patientName, onNext, onAgain, onEnd }: LiveProps) {
  const { t } = useText();
  const toast = useToast();
  const { titleOf } = useChannels();
  const now = useSeconds();
  const [isEnding, setEnding] = useState(false);
  const next = useRef<HTMLButtonElement>(null);
  const standing = standingOf(order);
  useEffect(() => {
    if (standing === 'paid') next.current?.focus();
  }, [standing]);

  const end = async (verb: 'close' | 'reverse') => {
    setEnding(true);
    try {
      await onEnd(verb);
    } catch (error) {
      toast.failure(error);
    } finally {
      setEnding(false);
    }
  };
  const isScan = order.scene === 'micropay';
  const stop = (
    <Popconfirm
      title={isScan ? t('cashier.reverseSure') : t('cashier.closeSure')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      onConfirm={() => void end(isScan ? 'reverse' : 'close')}
    >
      <Button danger loading={isEnding}>
        {isScan ? t('cashier.reverse') : t('cashier.closeOrder')}
      </Button>
    </Popconfirm>
  );
  const amount = (
    <div className="money strong" style={{ fontSize: 34 }}>
      {currencySign(order.currency)}
      {fenText(order.amountFen, { currency: order.currency })}
    </div>
  );
  const number = <span className="number quiet">{order.orderNo}</span>;
  const offline = isOffline && <Alert type="warning" showIcon message={t('cashier.unanswered')} />;

  switch (standing) {
    case 'waiting': {
      const left = remainingText(order.expiresAt, now);
      return (
        <Flex vertical align="center" gap={12} role="status" aria-live="polite">
          {offline}
          {amount}
          {order.scene !== 'native' ? (
            <>
              <Spin size="large" />
              <Typography.Title level={4}>
                {t(isScan ? 'cashier.waitingPassword' : 'cashier.waitingCard')}
              </Typography.Title>
            </>
          ) : (
            <>
              <PayerAction order={order} />
              <Typography.Title level={4} style={{ margin: 0 }}>
                {t('cashier.waitingScan', { channel: order.channel ? titleOf(order.channel) : '' })}
              </Typography.Title>
              <span className="number">
                {left ? t('cashier.remaining', { time: left }) : order.expiresAt ? t('cashier.expired') : ''}
              </span>
            </>
          )}
          {number}
          {stop}
        </Flex>
      );
    }
    case 'confirming':
      return (
        <Result
          icon={<Spin size="large" />}
          title={t('cashier.confirming')}
          subTitle={
            <>
              {t('cashier.confirmingHint')}
              {order.error && <Reason error={order.error} />}
            </>
          }
          extra={
            <Flex vertical align="center" gap={12} role="status" aria-live="polite">
              {offline}
              {amount}
              {number}
              {stop}
            </Flex>
          }
        />
      );
    case 'paid':
      return (
        <Flex vertical align="center" gap={12} role="status" aria-live="polite">
          <Result status="success" title={t('cashier.paid')} style={{ padding: '8px 0' }} />
          <div className="panel" style={{ border: '1px dashed #bbb' }}>
            <Receipt order={order} patientName={patientName} />
          </div>
          <HisState state={order.hisState} />
          <Space>
            <Button type="primary" size="large" ref={next} onClick={onNext}>
              {t('cashier.next')}
            </Button>
            <Button size="large" onClick={() => window.print()}>
              {t('cashier.print')}
            </Button>
          </Space>
        </Flex>
      );
    case 'refunded':
    case 'closed':
    case 'reversed':
    case 'failed': {
      return (
        <Result
          status={standing === 'failed' ? 'error' : 'info'}
          title={t(`cashier.${standing}`)}
          subTitle={order.error && <Reason error={order.error} />}
          extra={
            <Flex vertical align="center" gap={12}>
              {amount}
              {order.channel && (
                <span className="quiet">
                  <ChannelName code={order.channel} /> · {order.orderNo}
                </span>
              )}
              <Space>
                <Button type="primary" size="large" autoFocus onClick={onAgain}>
                  {t('cashier.again')}
                </Button>
                <Button size="large" onClick={onNext}>
                  {t('cashier.next')}
                </Button>
              </Space>
            </Flex>
          }
        />
      );
    }
    default:
      return standing satisfies never;
  }
}

/** What the channel said, what to do about it, and whether to try again. */
function Reason({ error }: { error: NonNullable<OrderView['error']> }) {
  const { t, language, pick } = useText();
  return (
    <Flex vertical align="center" gap={8}>
      <span className="strong">{(language === 'zh' ? error.zh : error.en) ?? error.channelMessage}</span>
      {error.advice && (
        <Alert
          type={error.retry === 'anew' ? 'info' : 'warning'}
          showIcon
          message={pick(error.advice)}
          action={error.retry && <RetryTag retry={error.retry} />}
        />
      )}
      <span>
        {t('common.code')}: {error.code}
        {error.channelCode ? ` · ${error.channelCode}` : ''}
      </span>
    </Flex>
  );
}

function PayerAction({ order }: { order: OrderView }) {
  const { t } = useText();
  const action = order.payerAction;
  if (!action) return <Alert type="warning" message={t('cashier.noQr')} />;
  if (action.kind === 'qr') {
    return (
      <figure aria-label={t('cashier.qrAlt')} data-text={action.text} style={{ margin: 0 }}>
        <QRCode value={action.text} size={240} errorLevel="M" type="svg" />
      </figure>
    );
  }
  if (action.kind === 'redirect') {
    return (
      <a href={action.url} target="_blank" rel="noreferrer">
        {t('cashier.openLink')}
      </a>
    );
  }
  return <Alert type="warning" message={t('cashier.noQr')} />;
}

function HisState({ state }: { state: string | null | undefined }) {
  const { t } = useText();
  if (state === 'waiting') return <Alert type="info" showIcon message={t('cashier.hisWaiting')} />;
  if (state === 'confirmed') return <Alert type="success" showIcon message={t('cashier.hisConfirmed')} />;
  if (state === 'refused') return <Alert type="error" showIcon message={t('cashier.hisRefused')} />;
  return null;
}
