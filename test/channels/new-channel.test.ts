import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = path.resolve(__dirname, '../..');
const left = new Set(['node_modules', '.git', '.data', '.tmp', 'coverage', 'test-results', 'docs']);

/** In a copy of the project, so that nobody else's tests see the channel come and go. */
describe('npm run new:channel', () => {
  const house = fs.mkdtempSync(path.join(os.tmpdir(), 'new-channel-'));
  const run = (command: string, ...args: string[]) =>
    spawnSync(process.execPath, [path.join(root, 'node_modules', command), ...args], {
      cwd: house,
      encoding: 'utf8',
      env: { ...process.env, CHANNELS: 'fable' },
    });
  const lay = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/new-channel.mjs', ...args], { cwd: house, encoding: 'utf8' });

  beforeAll(() => {
    fs.cpSync(root, house, {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => {
        const isOutput =
          path.basename(source) === 'dist' && !source.includes(`${path.sep}plugins${path.sep}`);
        return !isOutput && !left.has(path.basename(source));
      },
    });
    fs.symlinkSync(path.join(root, 'node_modules'), path.join(house, 'node_modules'));
  });
  afterAll(() => fs.rmSync(house, { recursive: true }));

  /** Every file but what compilers write, with its hash. */
  function files(): Map<string, string> {
    const found = new Map<string, string>();
    const walk = (folder: string) => {
      for (const entry of fs.readdirSync(path.join(house, folder), { withFileTypes: true })) {
        const name = path.join(folder, entry.name);
        if (entry.isDirectory() && entry.name !== 'dist') walk(name);
        if (entry.isFile())
          found.set(
            name,
            createHash('sha256')
              .update(fs.readFileSync(path.join(house, name)))
              .digest('hex'),
          );
      }
    };
    walk('.');
    // In no commit: written from the folders that are there.
    found.delete(path.join('plugins', 'channels', 'tsconfig.json'));
    return found;
  }

  test.each([
    [[], '渠道编码须为', 'A channel code has'],
    [['Bad-Code'], '渠道编码须为', 'A channel code has'],
    [['../fable'], '渠道编码须为', 'A channel code has'],
    [['alipay'], '渠道编码已被使用', 'The code is taken'],
  ])('a code that is none or taken is refused in both languages: %j', (args, zh, en) => {
    const before = files();
    const { status, stderr } = lay(...args);
    expect([status, stderr]).toEqual([1, expect.stringContaining(zh)]);
    expect(stderr).toContain(en);
    expect(files()).toEqual(before);
  });

  test('a new channel touches its own folder only, compiles, and passes the contract kit as laid out', () => {
    const before = files();
    const laid = lay('fable');
    expect([laid.status, laid.stderr]).toEqual([0, '']);
    const own = path.join('plugins', 'channels', 'fable') + path.sep;
    const after = files();
    const others = [...after].filter(([name]) => !name.startsWith(own));
    expect(new Map(others)).toEqual(before);
    expect(after.size).toBeGreaterThan(before.size + 10);

    const compiled = run('typescript/bin/tsc', '-b', 'plugins/channels/fable');
    expect([compiled.status, compiled.stdout]).toEqual([0, '']);
    const tried = run(
      'jest/bin/jest.js',
      '--config',
      'jest.config.cjs',
      '--json',
      'plugins/channels/fable',
      'test/channels/kit/kit.test.ts',
    );
    const { success, numPassedTests, numPendingTests } = JSON.parse(
      tried.stdout.slice(tried.stdout.indexOf('{"num')),
    );
    expect({ success, numPendingTests }).toEqual({ success: true, numPendingTests: 0 });
    expect(numPassedTests).toBeGreaterThan(30);
  }, 120_000);
});
