import { Tag, Tooltip, Typography } from 'antd';
import { createContext, useContext } from 'react';
import type { Field } from '../http/contracts';
import { useText } from '../i18n';
import { currencySign, type Fen, fenText } from '../money';
import { useChannelAccounts, useChannels, useMerchants, useNames } from '../shell/references';
import { dateTimeText } from '../time';
import { anomalyCodes } from './columns';

const isFen = (value: unknown): value is Fen =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';

/** What the amounts around here are of, where they do not say it themselves; CNY if nobody does. */
export const CurrencyAround = createContext<string | undefined>(undefined);

/** An amount in the minor unit of its currency: right-aligned digits that line up, red below zero. */
export function Money({
  fen,
  currency,
  strong = false,
  sign = false,
}: {
  fen: unknown;
  currency?: unknown;
  strong?: boolean;
  sign?: boolean;
}) {
  const around = useContext(CurrencyAround);
  const of = currency ?? around;
  const digits = isFen(fen) ? fenText(fen, { currency: of }) : undefined;
  const text = digits && sign ? `${currencySign(of)}${digits}` : digits;
  if (text === undefined) return <span className="quiet">—</span>;
  const className = `money${digits?.startsWith('-') ? ' negative' : ''}${strong ? ' strong' : ''}`;
  return <span className={className}>{text}</span>;
}

export function ChannelName({ code }: { code: unknown }) {
  const { titleOf } = useChannels();
  return typeof code === 'string' && code !== '' ? (
    <span className="clipped">{titleOf(code)}</span>
  ) : (
    <Nothing />
  );
}

function MerchantName({ code }: { code: unknown }) {
  const { nameOf } = useMerchants();
  return typeof code === 'string' && code !== '' ? <Clipped text={nameOf(code)} /> : <Nothing />;
}

export function ChannelAccountName({ code }: { code: string }) {
  const name = useChannelAccounts().find(({ value }) => value === code)?.label;
  return <Clipped text={name ?? code} />;
}

const optionOf = ({ options }: Field, value: unknown) =>
  options?.find((candidate) => candidate.value === value);

export function EnumTag({ field, value }: { field: Field; value: unknown }) {
  const { pick } = useText();
  if (value === null || value === undefined || value === '') return <Nothing />;
  const option = optionOf(field, value);
  if (!option) return <span>{String(value)}</span>;
  return <Tag color={option.color ?? 'default'}>{pick(option)}</Tag>;
}

const Nothing = () => <span className="quiet">—</span>;

/** One number people carry between systems, with a button that copies it. */
export function CopyableNumber({ value }: { value: string }) {
  const { t } = useText();
  return (
    <Typography.Text
      className="number"
      ellipsis={{ tooltip: value }}
      copyable={{ text: value, tooltips: [t('common.copy'), t('common.copied')] }}
    >
      {value}
    </Typography.Text>
  );
}

interface CellProps {
  field: Field;
  value: unknown;
  /** Of the row, where it has one. */
  currency?: unknown;
  copyable?: boolean;
  /** In a detail nothing is cut short. */
  whole?: boolean;
}

/** A value of a content type, drawn by its kind. */
export function Cell({ field, value, currency, copyable = false, whole = false }: CellProps) {
  const { t, pick } = useText();
  if (value === null || value === undefined || value === '') return <Nothing />;
  if (field.names) return <Names of={field.names} value={value} whole={whole} />;
  switch (field.kind) {
    case 'money':
      return <Money fen={value} currency={currency} />;
    case 'datetime':
      return (
        <span className="number">{dateTimeText(typeof value === 'number' ? value : String(value))}</span>
      );
    case 'enum':
      return <EnumTag field={field} value={value} />;
    case 'boolean':
      return value === true || value === 1 ? (
        <Tag color="success">{t('common.yes')}</Tag>
      ) : (
        <Tag>{t('common.no')}</Tag>
      );
    case 'channel':
      return <ChannelName code={value} />;
    case 'merchant':
      return <MerchantName code={value} />;
    case 'anomalies': {
      const reasons = anomalyCodes(value).map((code) => t(`anomaly.${code}`, { defaultValue: code }));
      return reasons.length === 0 ? (
        <Nothing />
      ) : (
        <Clipped text={reasons.join('; ')} whole={whole} className="alarm" />
      );
    }
    case 'json':
      return whole ? (
        <pre className="code">{JSON.stringify(value, null, 2)}</pre>
      ) : (
        <Clipped text={JSON.stringify(value)} />
      );
    case 'integer':
    case 'day':
      return <span className="number">{String(value)}</span>;
    case 'text':
    case 'string': {
      if (copyable) return <CopyableNumber value={String(value)} />;
      const option = optionOf(field, value);
      return <Clipped text={option ? pick(option) : String(value)} whole={whole} />;
    }
    default:
      return field.kind satisfies never;
  }
}

/** One code or several of another type's rows, by the names people know. */
function Names({ of, value, whole }: { of: Field['names']; value: unknown; whole: boolean }) {
  const { language } = useText();
  const { nameOf } = useNames(of);
  const codes = Array.isArray(value) ? value.map(String) : String(value).split(',');
  if (codes.length === 0) return <Nothing />;
  return <Clipped text={codes.map(nameOf).join(language === 'zh' ? '、' : ', ')} whole={whole} />;
}

export function Clipped({
  text,
  whole = false,
  className,
}: {
  text: string;
  whole?: boolean;
  className?: string;
}) {
  if (whole) return <span className={className}>{text}</span>;
  return (
    <Tooltip title={text.length > 12 ? text : undefined} placement="topLeft">
      <span className={`clipped ${className ?? ''}`}>{text}</span>
    </Tooltip>
  );
}
