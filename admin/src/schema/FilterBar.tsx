import { DownOutlined, UpOutlined } from '@ant-design/icons';
import { Button, DatePicker, Flex, Input, Select } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import type { Field, FilterOperator, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { useChannels, useMerchants, useNames } from '../shell/references';
import { addDays, fromPicker, today, toPicker } from '../time';
import { joinRange, splitRange } from './filters';

type Values = Record<string, string>;

interface ControlProps {
  field: Field;
  op: FilterOperator;
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** For choices: they take effect at once. */
  onChoose: (value: string) => void;
}

type Picked = ReturnType<typeof toPicker>;

/** Days of the hospital's calendar, with the spans finance asks for. */
export function DayRange({
  value,
  onChange,
  label,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
}) {
  const { t } = useText();
  // The picker forgets what is half typed whenever it is handed another range.
  const range = useMemo<[Picked, Picked]>(() => {
    const [from, to] = splitRange(value);
    return [toPicker(from), toPicker(to)];
  }, [value]);
  const now = today();
  const span = (start: string, end: string): [Picked, Picked] => [toPicker(start), toPicker(end)];
  return (
    <DatePicker.RangePicker
      aria-label={label}
      allowEmpty={[true, true]}
      value={range}
      onChange={(chosen) =>
        onChange(joinRange(fromPicker(chosen?.[0] ?? null), fromPicker(chosen?.[1] ?? null)))
      }
      presets={[
        { label: t('common.today'), value: span(now, now) },
        { label: t('common.yesterday'), value: span(addDays(now, -1), addDays(now, -1)) },
        { label: t('common.last7'), value: span(addDays(now, -6), now) },
        { label: t('common.last30'), value: span(addDays(now, -29), now) },
        { label: t('common.thisMonth'), value: span(`${now.slice(0, 8)}01`, now) },
      ]}
      style={{ width: 236 }}
    />
  );
}

function Control({ field, op, label, value, onChange, onChoose }: ControlProps) {
  const { t, pick } = useText();
  const { choices: merchants } = useMerchants();
  const { channels, titleOf } = useChannels();
  const { choices: named } = useNames(field.names);
  const choose = (options: { value: string; label: string }[]) => {
    const same = {
      'aria-label': label,
      allowClear: true,
      showSearch: true,
      optionFilterProp: 'label',
      placeholder: t('common.all'),
      style: { minWidth: 130 },
      options,
    };
    return op === 'in' ? (
      <Select<string[]>
        {...same}
        mode="multiple"
        value={value ? value.split(',') : []}
        onChange={(chosen) => onChoose(chosen.join(','))}
      />
    ) : (
      <Select<string> {...same} value={value || undefined} onChange={(chosen) => onChoose(chosen ?? '')} />
    );
  };
  if (field.kind === 'boolean' || op === 'present') {
    return choose([
      { value: 'true', label: t('common.yes') },
      { value: 'false', label: t('common.no') },
    ]);
  }
  if (field.options)
    return choose(field.options.map((option) => ({ value: option.value, label: pick(option) })));
  if (field.names && named.length > 0) return choose(named);
  if (field.kind === 'merchant')
    return choose(merchants.map((choice) => ({ value: choice.value, label: choice.label })));
  if (field.kind === 'channel') {
    const codes = channels.length > 0 ? channels.map(({ code }) => code) : ['alipay', 'wechat'];
    return choose(codes.map((code) => ({ value: code, label: titleOf(code) })));
  }
  if (field.kind === 'datetime' || field.kind === 'day') {
    return op === 'range' ? (
      <DayRange label={label} value={value} onChange={onChoose} />
    ) : (
      <DatePicker
        aria-label={label}
        value={toPicker(value || undefined)}
        onChange={(chosen) => onChoose(fromPicker(chosen) ?? '')}
      />
    );
  }
  if (op === 'range') {
    const [from, to] = splitRange(value);
    return (
      <Flex gap={4} align="center">
        <Input
          aria-label={`${label} ${t('common.from')}`}
          style={{ width: 90 }}
          value={from ?? ''}
          onChange={(event) => onChange(joinRange(event.target.value, to))}
        />
        <span>~</span>
        <Input
          aria-label={`${label} ${t('common.to')}`}
          style={{ width: 90 }}
          value={to ?? ''}
          onChange={(event) => onChange(joinRange(from, event.target.value))}
        />
      </Flex>
    );
  }
  return (
    <Input
      aria-label={label}
      allowClear
      placeholder={t('common.enter')}
      style={{ width: 160 }}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

const shownAtFirst = 6;

/** The query form of a list. Typed text takes effect with Enter or the button; choices take effect at once. */
export function FilterBar({
  screen,
  values,
  onQuery,
}: {
  screen: Screen;
  values: Values;
  onQuery: (values: Values) => void;
}) {
  const { t, pick } = useText();
  const [draft, setDraft] = useState(values);
  const [isOpen, setOpen] = useState(false);
  const key = JSON.stringify(values);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is the truth; `key` is its value
  useEffect(() => setDraft(values), [key]);
  const known = new Map(screen.fields.map((field) => [field.name, field]));
  const filters = screen.view.filters.flatMap(({ field: name, op, title }) => {
    const field = known.get(name);
    return field ? [{ field, op, label: pick(title ?? field.title) }] : [];
  });
  if (filters.length === 0) return null;
  const shown = isOpen ? filters : filters.slice(0, shownAtFirst);
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault();
        onQuery(draft);
      }}
    >
      {shown.map(({ field, op, label }) => (
        <div key={field.name} className="filter">
          <span className="filter-label">{label}</span>
          <Control
            field={field}
            op={op}
            label={label}
            value={draft[field.name] ?? ''}
            onChange={(value) => setDraft({ ...draft, [field.name]: value })}
            onChoose={(value) => {
              const next = { ...draft, [field.name]: value };
              setDraft(next);
              onQuery(next);
            }}
          />
        </div>
      ))}
      <Flex gap={8} className="filter">
        <Button type="primary" htmlType="submit">
          {t('common.search')}
        </Button>
        <Button
          onClick={() => {
            setDraft({});
            onQuery({});
          }}
        >
          {t('common.reset')}
        </Button>
        {filters.length > shownAtFirst && (
          <Button
            type="link"
            onClick={() => setOpen(!isOpen)}
            icon={isOpen ? <UpOutlined /> : <DownOutlined />}
          >
            {isOpen ? t('common.collapse') : t('common.expand')}
          </Button>
        )}
      </Flex>
    </form>
  );
}
