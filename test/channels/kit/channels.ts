import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ChannelManifest, ChannelUnderTest } from '@hospital-pay/payments/contract';
import { root } from '../../harness/root';

const folder = path.join(root, 'plugins', 'channels');
const load = createRequire(path.join(folder, 'index.js'));

export interface Candidate {
  manifest: ChannelManifest;
  underTest: ChannelUnderTest;
}

/** Every channel is a folder in `plugins/channels`, or a further one in the folder of its kin; `CHANNELS` (codes, comma-separated) names a few of them. */
export function candidates(): Candidate[] {
  const wanted = process.env.CHANNELS?.split(',');
  return fs
    .readdirSync(folder)
    .filter((code) => fs.existsSync(path.join(folder, code, 'package.json')))
    .flatMap(inFolder)
    .filter(({ manifest }) => wanted === undefined || wanted.includes(manifest.code));
}

function inFolder(code: string): Candidate[] {
  const channel: { manifest?: ChannelManifest; further?: ChannelManifest[] } = load(
    `./${code}/dist/index.js`,
  );
  if (channel.manifest === undefined) throw new Error(`plugins/channels/${code} exports no manifest`);
  const testing = `./${code}/dist/testing/under-test.js`;
  const described: { underTest?: ChannelUnderTest } = fs.existsSync(path.join(folder, testing))
    ? load(testing)
    : {};
  return [
    { manifest: channel.manifest, underTest: described.underTest ?? {} },
    ...(channel.further ?? []).map((manifest) => ({ manifest, underTest: {} })),
  ];
}
