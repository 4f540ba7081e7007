import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { Bilingual } from '../http/contracts';
import { en } from './en';
import { zh } from './zh';

const key = 'hospital-pay.language';
export type Language = 'zh' | 'en';
const isLanguage = (value: unknown): value is Language => value === 'zh' || value === 'en';

export const i18n = i18next.createInstance();

export async function startI18n(): Promise<void> {
  const stored = localStorage.getItem(key);
  const language: Language = isLanguage(stored) ? stored : 'zh';
  await i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'zh',
    resources: { zh: { translation: zh }, en: { translation: en } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
  describeDocument(language);
}

export async function switchLanguage(language: Language): Promise<void> {
  localStorage.setItem(key, language);
  await i18n.changeLanguage(language);
  describeDocument(language);
}

function describeDocument(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = i18n.t('app.title');
}

/** The texts of the current language, and how to pick one of a bilingual pair the server sent. */
export function useText() {
  const { t } = useTranslation();
  const language: Language = i18n.language === 'en' ? 'en' : 'zh';
  return {
    t,
    language,
    pick: ({ zh: chinese, en: english }: Bilingual) => (language === 'zh' ? chinese : english),
  };
}
