import { useQuery } from '@tanstack/react-query';
import { Button, Drawer, Flex, Input, Select, Skeleton, Table, Tag } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { useText } from '../i18n';
import { currencySign } from '../money';
import { Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useMerchants, useTerminals } from '../shell/references';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';
import { mine, type Shift, shift as shiftView } from './contracts';
import { typedFen } from './counting';
import { ShiftForm } from './ShiftForm';
import { ShiftSlip } from './ShiftSlip';

const colors = { open: 'processing', closed: 'warning', reviewed: 'success' } as const;

/** 班结: the cashier's own shift, counted and closed, and the ones before. */
export default function MyShift() {
  const { t } = useText();
  const toast = useToast();
  const { choices: merchants, currencyOf } = useMerchants();
  const terminals = useTerminals();
  const [chosen, setChosen] = useState<string>();
  const [terminalCode, setTerminalCode] = useState<string>();
  const [float, setFloat] = useState('');
  const [shown, setShown] = useState<Shift>();
  const [busy, setBusy] = useState(false);
  // The counter's own choice, which it has made for the payments.
  const kept = localStorage.getItem('hospital-pay.cashier.merchant');
  const merchantCode =
    chosen ??
    merchants.find(({ value }) => value === kept)?.value ??
    merchants.find(({ value }) => terminals.some(({ row }) => row.merchantCode === value))?.value;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['my-shift', merchantCode],
    enabled: merchantCode !== undefined,
    queryFn: () => call('/reconciliation/shifts/mine', mine, { query: { merchantCode } }),
    refetchInterval: 30_000,
  });
  const currency = currencyOf(merchantCode);
  const floatFen = typedFen(float, currency);
  const open = async () => {
    setBusy(true);
    try {
      const body = { merchantCode, terminalCode: terminalCode ?? null, openingFloatFen: floatFen };
      await call('/reconciliation/shifts', shiftView, { method: 'POST', body });
      setFloat('');
    } catch (failure) {
      toast.failure(failure);
    } finally {
      setBusy(false);
      void refetch();
    }
  };

  return (
    <Page
      title={t('shifts.title')}
      extra={
        <>
          {merchants.length > 1 && (
            <Select
              aria-label={t('common.merchant')}
              style={{ minWidth: 180 }}
              value={merchantCode ?? null}
              options={merchants.map(({ value, label }) => ({ value, label }))}
              onChange={setChosen}
            />
          )}
          <Button onClick={() => void refetch()}>{t('common.reload')}</Button>
        </>
      }
    >
      {error && <FailureView error={error} onRetry={() => void refetch()} />}
      {isPending && !error && <Skeleton active />}
      {data && (
        <Flex vertical gap={12}>
          {[...data.recent, ...(data.current ? [data.current] : [])]
            .filter(({ status }) => status === 'open')
            .map((shift) => (
              <ShiftForm
                key={shift.shiftNo}
                shift={shift}
                onClosed={(closed) => {
                  setShown(closed);
                  void refetch();
                }}
              />
            ))}
          {!data.current && (
            <section className="panel" aria-label={t('shifts.open')}>
              <h2>{t('shifts.none')}</h2>
              <Flex gap={12} wrap align="center">
                <Select
                  aria-label={t('shifts.terminal')}
                  allowClear
                  style={{ minWidth: 180 }}
                  placeholder={t('shifts.terminal')}
                  options={terminals
                    .filter(({ row }) => row.merchantCode === merchantCode)
                    .map(({ value, label }) => ({ value, label }))}
                  onChange={(code: string | undefined) => setTerminalCode(code)}
                />
                <Input
                  aria-label={t('shifts.openingFloat')}
                  addonBefore={t('shifts.openingFloat')}
                  prefix={currencySign(currency)}
                  style={{ width: 220 }}
                  value={float}
                  status={floatFen === undefined ? 'error' : ''}
                  onChange={({ target }) => setFloat(target.value)}
                />
                <Button
                  type="primary"
                  loading={busy}
                  disabled={floatFen === undefined}
                  onClick={() => void open()}
                >
                  {t('shifts.open')}
                </Button>
                <span className="quiet">{t('shifts.opensItself')}</span>
              </Flex>
            </section>
          )}
          <section className="panel" aria-label={t('shifts.recent')}>
            <h2>{t('shifts.recent')}</h2>
            <Table<Shift>
              size="small"
              pagination={false}
              dataSource={data.recent.filter(({ status }) => status !== 'open')}
              rowKey="shiftNo"
              scroll={{ x: 900 }}
              locale={{ emptyText: t('common.empty') }}
              columns={[
                {
                  key: 'openedAt',
                  title: t('shifts.openedAt'),
                  render: (_, row) => <span className="number">{dateTimeText(row.openedAt)}</span>,
                },
                {
                  key: 'closedAt',
                  title: t('shifts.closedAt'),
                  render: (_, row) => <span className="number">{dateTimeText(row.closedAt)}</span>,
                },
                {
                  key: 'status',
                  title: t('shifts.state'),
                  render: (_, row) => (
                    <Tag color={colors[row.status]}>{t(`shifts.status.${row.status}`)}</Tag>
                  ),
                },
                ...(['takenFen', 'refundedFen', 'hisFen', 'differenceFen', 'cashDifferenceFen'] as const).map(
                  (name) => ({
                    key: name,
                    title: t(`shifts.${name}`),
                    align: 'right' as const,
                    render: (_: unknown, row: Shift) => (
                      <Money fen={row[name]} currency={row.figures.currency} />
                    ),
                  }),
                ),
                {
                  key: 'actions',
                  title: t('common.actions'),
                  render: (_, row) => (
                    <Button type="link" size="small" className="cell-link" onClick={() => setShown(row)}>
                      {t('shifts.viewSlip')}
                    </Button>
                  ),
                },
              ]}
            />
          </section>
        </Flex>
      )}
      <Drawer
        open={shown !== undefined}
        onClose={() => setShown(undefined)}
        width={400}
        destroyOnHidden
        title={t('shifts.slip')}
        extra={<Button onClick={() => window.print()}>{t('shifts.print')}</Button>}
      >
        {shown && <ShiftSlip shift={shown} />}
      </Drawer>
    </Page>
  );
}
