import { Alert, Button, Flex, Input, InputNumber, Popconfirm, Select, Table, Tag } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useState } from 'react';
import { call } from '../http/client';
import { useText } from '../i18n';
import { currencySign, fenText } from '../money';
import { ChannelName, CurrencyAround, Money } from '../schema/Cell';
import { useChannels } from '../shell/references';
import { useToast } from '../shell/useToast';
import { dateTimeText } from '../time';
import { type Shift, type ShiftLine, shift as shiftView } from './contracts';
import { closingBody, drawerFen, notes, nothingCounted } from './counting';

/** An open shift as it stands, and the counting that closes it. */
export function ShiftForm({ shift, onClosed }: { shift: Shift; onClosed: (closed: Shift) => void }) {
  const { t } = useText();
  const toast = useToast();
  const { channels, titleOf } = useChannels();
  const [counting, setCounting] = useState(nothingCounted);
  const [busy, setBusy] = useState(false);
  const { lines, cash, currency } = shift.figures;
  const title = t(shift.firstClosedAt ? 'shifts.toCountAgain' : 'shifts.current');
  const counted = drawerFen(counting);
  const body = closingBody(counting, currency);
  const shown: (ShiftLine | { payType: string })[] = [
    ...lines,
    ...Object.keys(counting.slips).flatMap((payType) =>
      lines.some((line) => line.payType === payType) ? [] : [{ payType }],
    ),
  ];
  const others = channels.filter(({ code }) => !shown.some(({ payType }) => payType === code));

  const close = async () => {
    setBusy(true);
    try {
      const path = `/reconciliation/shifts/${shift.shiftNo}/close`;
      onClosed(await call(path, shiftView, { method: 'POST', body }));
      toast.success(t('shifts.done'));
    } catch (failure) {
      toast.failure(failure);
    } finally {
      setBusy(false);
    }
  };

  const slip = (payType: string, side: 'taken' | 'refunded') => (
    <Input
      size="small"
      aria-label={`${titleOf(payType)} ${t(`shifts.slip_${side}`)}`}
      style={{ width: 100 }}
      value={counting.slips[payType]?.[side] ?? ''}
      onChange={({ target }) => {
        const before = counting.slips[payType] ?? { taken: '', refunded: '' };
        setCounting({
          ...counting,
          slips: { ...counting.slips, [payType]: { ...before, [side]: target.value } },
        });
      }}
    />
  );
  type Shown = (typeof shown)[number];
  const isForeign = (line: Shown) => 'currency' in line && line.currency !== currency;
  const hasNoSlip = (line: Shown) => isForeign(line) || ('isCash' in line && line.isCash);
  const money = (name: 'takenFen' | 'refundedFen' | 'hisFen' | 'differenceFen') => ({
    key: name,
    title: t(`shifts.${name}`),
    align: 'right' as const,
    render: (_: unknown, line: Shown) =>
      'isCash' in line && !(line.isCash && name !== 'hisFen') ? (
        <Money fen={line[name]} currency={line.currency} strong={name === 'differenceFen'} />
      ) : (
        <span className="quiet">—</span>
      ),
  });
  const columns: ColumnsType<Shown> = [
    {
      key: 'payType',
      title: t('shifts.payType'),
      render: (_, line) => (
        <>
          <ChannelName code={line.payType} />{' '}
          {'currency' in line && isForeign(line) && <Tag>{line.currency}</Tag>}
        </>
      ),
    },
    money('takenFen'),
    money('refundedFen'),
    money('hisFen'),
    money('differenceFen'),
    {
      key: 'slipTaken',
      title: t('shifts.slip_taken'),
      render: (_, line) => (hasNoSlip(line) ? '—' : slip(line.payType, 'taken')),
    },
    {
      key: 'slipRefunded',
      title: t('shifts.slip_refunded'),
      render: (_, line) => (hasNoSlip(line) ? '—' : slip(line.payType, 'refunded')),
    },
  ];

  return (
    <CurrencyAround.Provider value={currency}>
      <Flex vertical gap={12}>
        {shift.returnedBy && (
          <Alert
            type="warning"
            showIcon
            message={t('shifts.returned', { by: shift.returnedBy, reason: shift.returnReason ?? '' })}
          />
        )}
        <section className="panel" aria-label={title}>
          <h2>
            {title} <span className="quiet number">{shift.shiftNo}</span>{' '}
            <span className="quiet">{t('shifts.since', { at: dateTimeText(shift.openedAt) })}</span>{' '}
            {shift.firstClosedAt && (
              <span className="quiet">
                {t('shifts.countedUntil')} {dateTimeText(shift.firstClosedAt)}
              </span>
            )}
          </h2>
          <Table<Shown>
            size="small"
            pagination={false}
            dataSource={shown}
            rowKey={(line) => ('currency' in line ? `${line.payType} ${line.currency}` : line.payType)}
            columns={columns}
            scroll={{ x: 760 }}
            locale={{ emptyText: t('shifts.noMoney') }}
            footer={() => (
              <Flex gap={8} align="center">
                <span className="quiet">{t('shifts.addSlip')}</span>
                <Select
                  aria-label={t('shifts.addSlip')}
                  size="small"
                  style={{ width: 180 }}
                  value={null}
                  placeholder={t('common.choose')}
                  options={others.map(({ code }) => ({ value: code, label: titleOf(code) }))}
                  onChange={(code: string) =>
                    setCounting({
                      ...counting,
                      slips: { ...counting.slips, [code]: { taken: '', refunded: '' } },
                    })
                  }
                />
              </Flex>
            )}
          />
        </section>
        <section className="panel" aria-label={t('shifts.cash')}>
          <h2>{t('shifts.cash')}</h2>
          <Flex wrap gap={12}>
            {notes.map((fen) => (
              <InputNumber
                key={fen}
                min={0}
                max={100_000}
                precision={0}
                style={{ width: 150 }}
                addonBefore={`${currencySign(currency)}${fenText(fen, { currency })?.replace(/\.00$/, '')} ×`}
                aria-label={`${currencySign(currency)}${fenText(fen, { currency })}`}
                value={counting.pieces[fen] ?? null}
                onChange={(count) =>
                  setCounting({ ...counting, pieces: { ...counting.pieces, [fen]: count } })
                }
              />
            ))}
          </Flex>
          <Flex gap={24} style={{ marginTop: 12 }} wrap>
            <span>
              {t('shifts.openingFloat')} <Money fen={cash.openingFloatFen} />
            </span>
            <span>
              {t('shifts.hisCash')} <Money fen={cash.hisFen} />
            </span>
            <span>
              {t('shifts.expected')} <Money fen={cash.expectedFen} strong />
            </span>
            <span>
              {t('shifts.counted')}{' '}
              {counted === undefined ? (
                <span className="quiet">{t('shifts.notCounted')}</span>
              ) : (
                <Money fen={counted} strong />
              )}
            </span>
            {counted !== undefined && (
              <span>
                {t('shifts.overShort')} <Money fen={counted - Number(cash.expectedFen)} strong />
              </span>
            )}
          </Flex>
        </section>
        <section className="panel" aria-label={t('shifts.note')}>
          <Flex vertical gap={8}>
            <Input.TextArea
              aria-label={t('shifts.note')}
              placeholder={t('shifts.noteHint')}
              rows={2}
              maxLength={500}
              value={counting.note}
              onChange={({ target }) => setCounting({ ...counting, note: target.value })}
            />
            {body === undefined && <Alert type="error" showIcon message={t('shifts.noAmount')} />}
            <Popconfirm
              title={t('shifts.closeSure')}
              okText={t('common.confirm')}
              cancelText={t('common.cancel')}
              onConfirm={() => void close()}
            >
              <Button
                type="primary"
                loading={busy}
                disabled={body === undefined}
                style={{ alignSelf: 'flex-start' }}
              >
                {t('shifts.close')}
              </Button>
            </Popconfirm>
          </Flex>
        </section>
      </Flex>
    </CurrencyAround.Provider>
  );
}
