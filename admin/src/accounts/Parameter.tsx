import { Form, Input, InputNumber, Select, Switch } from 'antd';
import type { ConfigField } from '../http/contracts';
import { useText } from '../i18n';
import { isLong } from './configForm';

/** One parameter of a configuration as its schema says; a secret is typed anew or left as it is. */
export function Parameter({
  name,
  field,
  isRequired,
  isSet,
}: {
  name: string;
  field: ConfigField;
  isRequired: boolean;
  isSet: boolean;
}) {
  const { t, pick } = useText();
  const label = pick({ zh: field.title, en: field.titleEn ?? field.title });
  const description = pick({
    zh: field.description ?? '',
    en: field.descriptionEn ?? field.description ?? '',
  });
  const secretHint = field.secret
    ? `${isSet ? t('accounts.secretSet') : t('accounts.secretEmpty')} · ${t('accounts.secretHint')}`
    : '';
  const extra = [description, secretHint].filter(Boolean).join(' · ');
  return (
    <Form.Item
      name={['config', name]}
      label={label}
      tooltip={undefined}
      extra={extra || undefined}
      initialValue={field.secret ? undefined : field.default}
      valuePropName={field.type === 'boolean' ? 'checked' : 'value'}
      rules={[
        ...(isRequired && !isSet && field.type !== 'boolean'
          ? [{ required: true, message: t('common.required', { field: label }) }]
          : []),
        ...(field.pattern ? [{ pattern: new RegExp(field.pattern), message: t('accounts.pattern') }] : []),
        ...(field.minLength
          ? [{ min: field.minLength, message: t('accounts.tooShort', { min: field.minLength }) }]
          : []),
        ...(field.maxLength ? [{ max: field.maxLength }] : []),
      ]}
    >
      <ParameterInput field={field} isSet={isSet} />
    </Form.Item>
  );
}

/** Form.Item hands `value`, `onChange` and `id` to its child: they pass through here. */
function ParameterInput({ field, isSet, ...control }: { field: ConfigField; isSet: boolean }) {
  const { t, pick } = useText();
  const hint = isSet ? t('accounts.secretSet') : undefined;
  if (field.enum) {
    return (
      <Select
        {...control}
        options={field.enum.map((value) => {
          const title = field.enumTitles?.[value];
          return { value, label: title ? pick(title) : value };
        })}
      />
    );
  }
  if (field.type === 'boolean') return <Switch {...control} />;
  if (field.type === 'integer') return <InputNumber {...control} precision={0} style={{ width: '100%' }} />;
  if (isLong(field)) {
    return (
      <Input.TextArea
        {...control}
        className="code"
        rows={4}
        placeholder={hint}
        autoComplete="off"
        spellCheck={false}
      />
    );
  }
  if (field.secret) return <Input.Password {...control} placeholder={hint} autoComplete="new-password" />;
  return <Input {...control} autoComplete="off" />;
}
