import { useCreate, useOne, useUpdate } from '@refinedev/core';
import {
  Button,
  Col,
  DatePicker,
  Flex,
  Form,
  Input,
  InputNumber,
  Row as Line,
  Select,
  Skeleton,
  Switch,
} from 'antd';
import { type ReactNode, useState } from 'react';
import { failureOf } from '../http/client';
import type { Field, Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { currencySign, fenText, parseYuan } from '../money';
import { FailureView } from '../shell/FailureView';
import { useChannelAccounts, useChannels, useMerchants, useNames, useTerminals } from '../shell/references';
import { useToast } from '../shell/useToast';
import { fromPicker, toPicker } from '../time';

interface Props {
  screen: Screen;
  id: string | undefined;
  row: Row | undefined;
  onDone: () => void;
  /** Stands beside the buttons; `read` checks the form and gives what would be saved. */
  tools?: (read: () => Promise<Row>) => ReactNode;
}

/** Creates or changes one row of plain configuration, field by field as the view says. */
export function SchemaForm({ screen, id, row, onDone, tools }: Props) {
  const resource = screen.endpoint.replace(/^\/api\//, '');
  const { query, result } = useOne<Row & { id?: string }>({
    resource,
    id: id ?? '',
    queryOptions: { enabled: id !== undefined && row === undefined, retry: false },
    errorNotification: false,
  });
  const current = row ?? result;
  // Amounts are written in the merchant's currency.
  const { isFetched } = useMerchants();
  if (query.error) return <FailureView error={query.error} onRetry={() => void query.refetch()} />;
  if (!isFetched || (id !== undefined && !current)) return <Skeleton active />;
  return <Inputs screen={screen} resource={resource} id={id} row={current} onDone={onDone} tools={tools} />;
}

type Values = Record<string, unknown>;

/** What a stored value is while it is being edited, and what is sent of it. Pure, so that money and JSON are tested. */
export function toInput(field: Field, value: unknown, currency?: string): unknown {
  if (field.kind === 'money')
    return typeof value === 'string' || typeof value === 'number'
      ? (fenText(value, { grouped: false, currency }) ?? '')
      : '';
  if (field.kind === 'json' || field.kind === 'anomalies')
    return value === null || value === undefined ? '' : JSON.stringify(value, null, 2);
  if (field.kind === 'boolean') return value === true || value === 1;
  return value ?? undefined;
}

export function fromInput(field: Field, value: unknown, currency?: string): unknown {
  if (field.kind === 'money') {
    const reading = parseYuan(String(value ?? ''), undefined, currency);
    return reading.ok ? String(reading.fen) : reading.reason === 'zero' ? '0' : null;
  }
  if (field.kind === 'json' || field.kind === 'anomalies')
    return typeof value === 'string' && value.trim() !== '' ? JSON.parse(value) : null;
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  return value ?? null;
}

function isReadable({ kind }: Field, value: unknown, currency: string | undefined): boolean {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') return true;
  if (kind === 'money') {
    const reading = parseYuan(text, undefined, currency);
    return reading.ok || reading.reason === 'zero';
  }
  if (kind !== 'json' && kind !== 'anomalies') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function Inputs({
  screen,
  resource,
  id,
  row,
  onDone,
  tools,
}: Omit<Props, 'row' | 'tools'> & {
  resource: string;
  row: Row | undefined;
  tools: Props['tools'] | undefined;
}) {
  const { t, pick } = useText();
  const toast = useToast();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState<unknown>();
  const create = useCreate();
  const update = useUpdate();
  const { currencyOf } = useMerchants();
  const currencyIn = ({ merchantCode }: Values) =>
    currencyOf(typeof merchantCode === 'string' ? merchantCode : undefined);
  const chosen: unknown = Form.useWatch('merchantCode', form);
  const currency = currencyIn({ merchantCode: chosen ?? row?.merchantCode });
  const known = new Map(screen.fields.map((field) => [field.name, field]));
  const inputs = screen.view.form.flatMap(({ field: name, span }) => {
    const field = known.get(name);
    return field ? [{ field, span: span ?? (field.kind === 'text' || field.kind === 'json' ? 24 : 12) }] : [];
  });
  const initial = Object.fromEntries(
    inputs.map(({ field }) => [
      field.name,
      row ? toInput(field, row[field.name], currencyIn(row)) : field.kind === 'boolean' ? true : undefined,
    ]),
  );
  const toVariables = (values: Values) =>
    Object.fromEntries(
      inputs
        .filter(({ field }) => !(field.readOnly && id !== undefined))
        .map(({ field }) => [field.name, fromInput(field, values[field.name], currency)] as const)
        .filter(([, value]) => id !== undefined || value !== null),
    );
  const submit = (values: Values) => {
    setFailure(undefined);
    const variables = toVariables(values);
    const outcome = {
      onSuccess: () => {
        toast.success(t('common.saved'));
        onDone();
      },
      onError: (error: unknown) => {
        setFailure(error);
        const refused = new Set(failureOf(error).fields);
        form.setFields(
          inputs
            .filter(({ field }) => refused.has(field.name))
            .map(({ field }) => ({ name: field.name, errors: [t('common.invalid')] })),
        );
      },
    };
    const quiet = { successNotification: false, errorNotification: false } as const;
    if (id === undefined) create.mutate({ resource, values: variables, ...quiet }, outcome);
    else update.mutate({ resource, id: String(row?.documentId ?? id), values: variables, ...quiet }, outcome);
  };
  return (
    <Form
      form={form}
      layout="vertical"
      initialValues={initial}
      onFinish={submit}
      disabled={create.mutation.isPending || update.mutation.isPending}
    >
      <Line gutter={16}>
        {inputs.map(({ field, span }) => (
          <Col key={field.name} span={span}>
            <Form.Item
              name={field.name}
              label={pick(field.title)}
              extra={field.hint ? pick(field.hint) : undefined}
              valuePropName={field.kind === 'boolean' ? 'checked' : 'value'}
              getValueProps={
                field.kind === 'day' ? (value: string | undefined) => ({ value: toPicker(value) }) : undefined
              }
              normalize={field.kind === 'day' ? (value) => fromPicker(value) : undefined}
              rules={[
                {
                  required: field.required === true && field.kind !== 'boolean',
                  message: t('common.required', { field: pick(field.title) }),
                },
                {
                  validator: (_: unknown, value: unknown) =>
                    isReadable(field, value, currency)
                      ? Promise.resolve()
                      : Promise.reject(new Error(t('common.invalid'))),
                },
              ]}
            >
              <InputFor
                field={field}
                currency={currency}
                isLocked={field.readOnly === true || (id !== undefined && field.name === 'code')}
              />
            </Form.Item>
          </Col>
        ))}
      </Line>
      {failure !== undefined && <FailureView error={failure} />}
      <Flex gap={8} className="form-actions">
        <Button
          type="primary"
          htmlType="submit"
          loading={create.mutation.isPending || update.mutation.isPending}
        >
          {t('common.save')}
        </Button>
        {tools?.(async () => ({
          ...(row?.documentId ? { documentId: row.documentId } : {}),
          ...toVariables(await form.validateFields()),
        }))}
        <Button onClick={onDone}>{t('common.cancel')}</Button>
      </Flex>
    </Form>
  );
}

/** antd's Form.Item hands `value`, `onChange`, `id` to its child: they pass through here. */
function InputFor({
  field,
  currency,
  isLocked,
  ...control
}: {
  field: Field;
  currency: string | undefined;
  isLocked: boolean;
}) {
  const { t, pick } = useText();
  const { choices: merchants } = useMerchants();
  const { channels } = useChannels();
  const accounts = useChannelAccounts();
  const terminals = useTerminals();
  const choose = (options: { value: string; label: string }[]) => (
    <Select
      {...control}
      disabled={isLocked}
      allowClear
      showSearch
      optionFilterProp="label"
      placeholder={t('common.choose')}
      options={options}
    />
  );
  if (field.name === 'accountCode') return choose(accounts.map(named));
  if (field.kind === 'string' && field.names)
    return <Names of={field.names} isMany={field.many === true} disabled={isLocked} {...control} />;
  if (field.name === 'terminalCode') return choose(terminals.map(named));
  switch (field.kind) {
    case 'enum':
      return choose((field.options ?? []).map((option) => ({ value: option.value, label: pick(option) })));
    case 'merchant':
      return choose(merchants.map(named));
    case 'channel':
      return choose(channels.map(({ code, title }) => ({ value: code, label: pick(title) })));
    case 'boolean':
      return <Switch {...control} disabled={isLocked} />;
    case 'integer':
      return <InputNumber {...control} disabled={isLocked} precision={0} style={{ width: '100%' }} />;
    case 'day':
      return <DatePicker {...control} disabled={isLocked} style={{ width: '100%' }} />;
    case 'text':
      return <Input.TextArea {...control} disabled={isLocked} autoSize={{ minRows: 2, maxRows: 8 }} />;
    case 'json':
    case 'anomalies':
      return (
        <Input.TextArea
          {...control}
          disabled={isLocked}
          autoSize={{ minRows: 3, maxRows: 16 }}
          className="code"
        />
      );
    case 'money':
      return <Input {...control} disabled={isLocked} inputMode="decimal" prefix={currencySign(currency)} />;
    case 'string':
    case 'datetime':
      return <Input {...control} disabled={isLocked || field.kind === 'datetime'} />;
    default:
      return field.kind satisfies never;
  }
}

/** Codes of another type's rows, several as `a,b`: chosen by their names, or typed by who may not read those. */
function Names({
  of,
  isMany,
  value,
  onChange,
  ...control
}: {
  of: Field['names'];
  isMany: boolean;
  disabled: boolean;
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
}) {
  const { t } = useText();
  const { choices } = useNames(of);
  return (
    <Select<string[]>
      {...control}
      mode="tags"
      allowClear
      {...(isMany ? {} : { maxCount: 1 })}
      tokenSeparators={[',', '，', ' ']}
      optionFilterProp="label"
      placeholder={t('common.choose')}
      options={choices}
      value={value ? value.split(',').filter(Boolean) : []}
      onChange={(chosen) => onChange?.(chosen.join(','))}
    />
  );
}

const named = ({ value, label }: { value: string; label: string }) => ({
  value,
  label: label === value ? value : `${label} (${value})`,
});
