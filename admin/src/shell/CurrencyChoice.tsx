import { Select } from 'antd';
import { useText } from '../i18n';

/** Which currency the figures are of; nothing to choose where a hospital takes one only. */
export function CurrencyChoice({
  figures,
  onChange,
}: {
  figures: { currency: string; currencies: string[] } | undefined;
  onChange: (currency: string) => void;
}) {
  const { t, language } = useText();
  if (!figures || figures.currencies.length < 2) return null;
  const names = new Intl.DisplayNames(language, { type: 'currency' });
  return (
    <Select
      aria-label={t('common.currency')}
      style={{ minWidth: 130 }}
      value={figures.currency}
      options={figures.currencies.map((value) => ({ value, label: `${names.of(value) ?? ''} ${value}` }))}
      onChange={onChange}
    />
  );
}
