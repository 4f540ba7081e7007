import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { bin, build, install, root } from './steps.mjs';

/** `npm run channels [-- --write]`: tries every channel by the contract kit and prints what it offers; `--write` puts it into the README. */
process.chdir(root);
await install();
await build({ tests: true });
const file = path.join(os.tmpdir(), `channels-${process.pid}.json`);
const { status } = spawnSync(
  bin('jest'),
  [
    '--config',
    'jest.config.cjs',
    '--silent',
    '--json',
    '--outputFile',
    file,
    path.join('test', 'channels', 'kit', 'kit.test.ts'),
  ],
  { stdio: 'ignore' },
);
const { testResults } = JSON.parse(fs.readFileSync(file, 'utf8'));
fs.rmSync(file);
const parts = new Map();
for (const { ancestorTitles, status: outcome } of testResults.flatMap((suite) => suite.assertionResults)) {
  const part = ancestorTitles.slice(0, 2).join('/');
  parts.set(part, parts.get(part) === 'fail' || outcome !== 'passed' ? 'fail' : 'pass');
}
const { channelTable } = createRequire(import.meta.url)(
  path.join(root, 'test', 'dist', 'channels', 'kit', 'table.js'),
);
const table = channelTable((code, part) => parts.get(`${code}/${part}`) ?? 'not run').join('\n');
process.stdout.write(`${table}\n`);
if (process.argv.includes('--write')) {
  const readme = fs.readFileSync('README.md', 'utf8');
  fs.writeFileSync(
    'README.md',
    readme.replace(
      /(<!-- channels -->\n).*?(<!-- \/channels -->)/s,
      (_, start, end) => `${start}${table}\n${end}`,
    ),
  );
}
process.exitCode = status ?? 1;
