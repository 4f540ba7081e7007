import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';

const root = path.join(__dirname, '..');
const list = z.record(z.string(), z.object({ status: z.number(), zh: z.string(), en: z.string() }));
type ErrorList = z.output<typeof list>;

/** Every room's `errors.ts`, and what they define. */
async function errorLists(): Promise<Map<string, ErrorList>> {
  const rooms = ['plugins', 'plugins/channels'].flatMap((folder) =>
    fs.readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`),
  );
  const files = [
    ...rooms.map((room) => ({ room, file: `${room}/dist/errors.js` })),
    { room: 'cms', file: 'cms/dist/src/errors.js' },
  ];
  const lists = new Map<string, ErrorList>();
  for (const { room, file } of files.filter(({ file }) => fs.existsSync(path.join(root, file)))) {
    const exported: object = await import(path.join(root, file));
    for (const value of Object.values(exported)) {
      if (typeof value === 'function' && 'list' in value) lists.set(room, list.parse(value.list));
    }
  }
  return lists;
}

test('every error of every room is said in Chinese and in English', async () => {
  for (const errors of (await errorLists()).values()) {
    for (const { zh, en } of Object.values(errors)) {
      expect(zh).toMatch(/[\u4e00-\u9fff]/);
      expect(en).toMatch(/^[\x20-\x7e’]+$/);
    }
  }
});

test('docs/errors.md lists the errors of every room as they are (WRITE_DOCS=1 writes it)', async () => {
  const file = path.join(root, 'docs/errors.md');
  const parts = [...(await errorLists())].map(
    ([room, errors]) =>
      `\n## \`${room}\`\n\n| code | HTTP | 中文 | English |\n| --- | --- | --- | --- |\n${Object.entries(
        errors,
      )
        .map(([code, { status, zh, en }]) => `| \`${code}\` | ${status} | ${zh} | ${en} |\n`)
        .join('')}`,
  );
  const text = `# 错误码 / Error codes\n${parts.join('')}`;
  if (process.env.WRITE_DOCS) fs.writeFileSync(file, text);
  expect(fs.readFileSync(file, 'utf8')).toBe(text);
});
