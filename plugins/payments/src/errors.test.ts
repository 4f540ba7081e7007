import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { paymentErrors } from './errors';
import { errorRows } from './http/document';

test('every error is said in Chinese and in English', () => {
  for (const { zh, en } of Object.values(paymentErrors)) {
    expect(zh).toMatch(/[\u4e00-\u9fff]/);
    expect(en).toMatch(/^[\x20-\x7e]+$/);
  }
});

test('docs/errors.md lists the errors as they are (WRITE_DOCS=1 writes it)', () => {
  const file = path.join(__dirname, '../../../docs/errors.md');
  const text = `# 错误码 / Error codes\n\n| code | HTTP | 中文 | English |\n| --- | --- | --- | --- |\n${errorRows()}\n`;
  if (process.env.WRITE_DOCS) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  expect(fs.readFileSync(file, 'utf8')).toBe(text);
});
