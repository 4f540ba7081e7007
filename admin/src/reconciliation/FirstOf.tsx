import { useText } from '../i18n';

/** Says that a long list is not all of it: all are in the file. */
export function FirstOf({ shown, total }: { shown: number; total: number }) {
  const { t } = useText();
  return total > shown ? <span className="quiet">{t('statistics.firstOf', { shown, total })}</span> : null;
}
