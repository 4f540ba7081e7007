import { Select } from 'antd';
import { useText } from '../i18n';
import { useMerchants } from './references';

/** Which merchant the figures are of; all of the account's when none is chosen. */
export function MerchantChoice({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (code: string | undefined) => void;
}) {
  const { t } = useText();
  const { choices } = useMerchants();
  return (
    <Select
      aria-label={t('common.merchant')}
      allowClear
      value={value}
      placeholder={t('common.allMerchants')}
      style={{ minWidth: 180 }}
      options={choices.map(({ value: code, label }) => ({ value: code, label }))}
      onChange={(code: string | undefined) => onChange(code)}
    />
  );
}
