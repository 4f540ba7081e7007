import { Alert, Button, DatePicker, Flex, Input, Radio, Tag } from 'antd';
import { useContext, useState } from 'react';
import type { Offer } from '../../http/contracts';
import { useText } from '../../i18n';
import { fenText, toBigInt } from '../../money';
import { CurrencyAround } from '../../schema/Cell';
import { addDays, fromPicker, today, toPicker } from '../../time';

/** What can be done about a case, each with what it does to the figures, before anything is decided. */
export function Decide({
  offers,
  isBusy,
  onDecide,
}: {
  offers: Offer[];
  isBusy: boolean;
  onDecide: (act: object) => void;
}) {
  const { t } = useText();
  const [action, setAction] = useState<string>();
  const [note, setNote] = useState('');
  const [day, setDay] = useState(addDays(today(), 1));
  const chosen = offers.find((offer) => offer.action === action);
  const takesDay = action === 'in_transit' || action === 'carry';
  const said = note.trim();
  return (
    <Flex vertical gap={10}>
      <Radio.Group
        aria-label={t('handling.how')}
        value={action}
        onChange={(event) => setAction(String(event.target.value))}
      >
        <Flex vertical gap={6}>
          {offers.map((offer) => (
            <Radio key={offer.action} value={offer.action} disabled={Boolean(offer.lockedUntil)}>
              {t(`handling.proposals.${offer.action}`)}{' '}
              {offer.needsApproval && <Tag color="warning">{t('handling.needsApproval')}</Tag>}
              {offer.lockedUntil && <Tag>{t('handling.lockedTo', { day: offer.lockedUntil })}</Tag>}
            </Radio>
          ))}
        </Flex>
      </Radio.Group>
      {chosen && (
        <>
          <Alert
            type="info"
            message={t(`handling.explain.${chosen.action}`)}
            description={<Consequences offer={chosen} />}
          />
          {takesDay && (
            <Flex gap={8} align="center">
              <span>{t(action === 'carry' ? 'handling.carryTo' : 'handling.until')}</span>
              <DatePicker
                aria-label={t(action === 'carry' ? 'handling.carryTo' : 'handling.until')}
                allowClear={false}
                value={toPicker(day)}
                onChange={(value) => setDay(fromPicker(value) ?? day)}
              />
            </Flex>
          )}
          <Input.TextArea
            aria-label={t('handling.note')}
            placeholder={t('handling.note')}
            maxLength={500}
            autoSize={{ minRows: 2, maxRows: 6 }}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
          <Button
            type="primary"
            danger={action === 'online_refund'}
            disabled={said === ''}
            loading={isBusy}
            onClick={() => onDecide({ do: 'propose', action, note: said, ...(takesDay ? { day } : {}) })}
          >
            {t(chosen.needsApproval ? 'handling.submit' : 'handling.doIt')}
          </Button>
        </>
      )}
    </Flex>
  );
}

/** The same figures as on 统计报表, by what they move. */
function Consequences({ offer: { effect } }: { offer: Offer }) {
  const { t } = useText();
  const currency = useContext(CurrencyAround);
  const moves = (['platformFen', 'abnormalRefundFen', 'bankArrivalFen'] as const).flatMap((name) => {
    const fen = toBigInt(effect[name]) ?? 0n;
    return fen === 0n ? [] : [{ name, text: `${fen > 0n ? '+' : ''}${fenText(fen, { currency }) ?? ''}` }];
  });
  return (
    <ul className="plain">
      <li>{t('handling.effect.difference')}</li>
      {moves.map(({ name, text }) => (
        <li key={name}>
          {t(`handling.effect.${name}`)} <span className="number strong">{text}</span>
        </li>
      ))}
      <li>{t(effect.handled === 1 ? 'handling.effect.handled' : 'handling.effect.notHandled')}</li>
    </ul>
  );
}
