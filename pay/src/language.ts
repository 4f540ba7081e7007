import { useState } from 'preact/hooks';

export type Language = 'zh' | 'en';
const storageKey = 'pay.language';

function first(): Language {
  const kept = localStorage.getItem(storageKey);
  if (kept === 'zh' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** The language of a page, kept on this device, and what changes it. */
export function useLanguage(): [Language, () => void] {
  const [language, set] = useState(first);
  return [
    language,
    () => {
      const next = language === 'zh' ? 'en' : 'zh';
      localStorage.setItem(storageKey, next);
      document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
      set(next);
    },
  ];
}

const two = (value: number) => String(value).padStart(2, '0');

/** 2026-11-25 18:04, as it is in the hospital. */
export function momentText(iso: string): string {
  const china = new Date(Date.parse(iso) + 8 * 3_600_000);
  const day = `${china.getUTCFullYear()}-${two(china.getUTCMonth() + 1)}-${two(china.getUTCDate())}`;
  return `${day} ${two(china.getUTCHours())}:${two(china.getUTCMinutes())}`;
}
