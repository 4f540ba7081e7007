import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { demoCredentials, type SandboxCredentials } from '@hospital-pay/sandbox';
import { westCredentials } from '@hospital-pay/seeds';
import { root } from './root';

/** Says what is built now: the same for the same rooms, compiled alike, with the same packages. */
export function fingerprint(): string {
  known ??= readFingerprint();
  return known;
}
let known: string | undefined;

function readFingerprint(): string {
  const hash = createHash('sha256');
  const add = (file: string) => hash.update(file).update(fs.readFileSync(path.join(root, file)));
  const walk = (folder: string) => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') walk(name);
      if (entry.isFile() && /\.(js|json)$/.test(entry.name)) add(name);
    }
  };
  walk(path.join('cms', 'dist'));
  walk(path.join('seeds', 'dist'));
  walk('plugins');
  add('package-lock.json');
  return hash.digest('hex').slice(0, 16);
}

/** What is slow to make and always comes out the same lies here until something else is built. */
export function keptFolder(): string {
  const all = path.join(root, 'node_modules', '.cache', 'hospital-pay');
  const folder = path.join(all, fingerprint());
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(folder, { recursive: true });
  for (const name of fs.readdirSync(all)) {
    if (name !== fingerprint()) fs.rmSync(path.join(all, name), { recursive: true, force: true });
  }
  return folder;
}

/** The keys of both branches of the demo hospital at every gateway. Of several who make them at once, one is heard. */
export function keptKeys(): string {
  const folder = path.join(keptFolder(), 'keys');
  if (fs.existsSync(folder)) return folder;
  const made = fs.mkdtempSync(`${folder}-`);
  demoCredentials(made, { hisSecret: 'his-test-secret' });
  westCredentials(made);
  try {
    fs.renameSync(made, folder);
  } catch (error) {
    fs.rmSync(made, { recursive: true });
    if (!fs.existsSync(folder)) throw error;
  }
  return folder;
}

/** A hospital's keys, for tests that are not about their making. */
export const keptCredentials = (): SandboxCredentials => demoCredentials(keptKeys());
