import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { menu } from '../shell/menu';
import { en } from './en';
import { zh } from './zh';

function flatten(value: object, prefix = ''): [key: string, text: string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'string' ? [[prefix + key, inner]] : flatten(inner, `${prefix}${key}.`),
  );
}

const chinese = new Map(flatten(zh));
const english = new Map(flatten(en));
const source = path.resolve(import.meta.dirname, '..');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !/\.test\.|i18n[\\/](zh|en)\.ts$/.test(file),
);

describe('both languages', () => {
  test('have the same keys', () => {
    expect([...english.keys()]).toEqual([...chinese.keys()]);
  });

  test('leave no text empty', () => {
    for (const texts of [chinese, english])
      expect([...texts].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  test('fill in the same values', () => {
    const holes = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort();
    for (const [key, text] of chinese)
      expect([key, holes(english.get(key) ?? '')]).toEqual([key, holes(text)]);
  });

  test('English carries no Chinese, but for the name of the language', () => {
    expect(
      [...english]
        .filter(([key, text]) => key !== 'language.zh' && /[\u4e00-\u9fff]/.test(text))
        .map(([key]) => key),
    ).toEqual(['channel.docomo'].filter((key) => /[\u4e00-\u9fff]/.test(english.get(key) ?? '')));
  });

  test('hold every key that a screen asks for', () => {
    const missing = files.flatMap((file) =>
      [...readFileSync(path.join(source, file), 'utf8').matchAll(/\bt\('([\w.]+)'/g)].flatMap(
        ([, key = '']) => (chinese.has(key) || chinese.has(`${key}_other`) ? [] : [`${file}: ${key}`]),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('name every entry of the menu', () => {
    for (const group of menu) {
      expect(chinese.has(`menu.${group.text}`)).toBe(true);
      for (const { text } of group.items) expect([text, chinese.has(`menu.${text}`)]).toEqual([text, true]);
    }
  });

  test('are the only place with Chinese words a screen shows', () => {
    const allowed = new Set([
      path.join('http', 'failure.ts'),
      path.join('schema', 'SchemaList.tsx'),
      'money.ts',
    ]);
    const offending = files.filter((file) => {
      if (allowed.has(file)) return false;
      const code = readFileSync(path.join(source, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /[\u4e00-\u9fff]/.test(code);
    });
    expect(offending.filter((file) => file !== path.join('shell', 'Shell.tsx'))).toEqual([]);
  });
});
