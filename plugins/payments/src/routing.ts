import type { Knex } from 'knex';
import type { ChannelManifest } from './contract';
import { fail } from './errors';
import { type RouteRow, readRow } from './store';
import type { CreateOrder } from './types';

/**
 * Which of a merchant's routes takes an order: it must fit scene, terminal and department (an empty field fits all);
 * the more it says the better, a terminal says more than a department and that more than a scene; then its priority.
 */
export function rankRoutes(
  routes: RouteRow[],
  wanted: {
    scene: string;
    terminalCode: string | null;
    department: string | null;
    channels: ReadonlySet<string>;
  },
): RouteRow[] {
  const weight = (route: RouteRow) =>
    (route.terminalCode ? 4 : 0) + (route.department ? 2 : 0) + (route.scene ? 1 : 0);
  return routes
    .filter(
      (route) =>
        wanted.channels.has(route.channel) &&
        (!route.scene || route.scene === wanted.scene) &&
        (!route.terminalCode || route.terminalCode === wanted.terminalCode) &&
        (!route.department || route.department === wanted.department),
    )
    .sort((a, b) => weight(b) - weight(a) || a.priority - b.priority || a.id - b.id);
}

/** The channels that could take this order at all. */
export function candidateChannels(
  input: Pick<CreateOrder, 'scene' | 'channel' | 'authCode'>,
  manifests: ReadonlyMap<string, ChannelManifest>,
): Set<string> {
  const named = input.channel === undefined ? undefined : manifests.get(input.channel);
  if (input.channel !== undefined && !named) throw fail('CHANNEL_UNKNOWN', { channel: input.channel });
  const offered = (named ? [named] : [...manifests.values()]).filter((manifest) =>
    manifest.scenes.includes(input.scene),
  );
  if (offered.length === 0) throw fail('SCENE_NOT_OFFERED', { scene: input.scene });
  if (input.scene !== 'micropay') return new Set(offered.map((manifest) => manifest.code));
  const { authCode } = input;
  if (!authCode) throw fail('AUTH_CODE_MISSING');
  const owners = offered.filter((manifest) => manifest.authCode?.test(authCode));
  if (owners.length === 0) throw fail('AUTH_CODE_UNKNOWN');
  return new Set(owners.map((manifest) => manifest.code));
}

/** @throws NO_ROUTE, or ACCOUNT_DISABLED when routes lead only to disabled accounts. */
export async function chooseAccount(
  db: Knex,
  wanted: {
    merchantCode: string;
    scene: string;
    terminalCode: string | null;
    department: string | null;
    channels: ReadonlySet<string>;
  },
): Promise<{ accountCode: string; channel: string }> {
  const rows: object[] = await db('routes').where({ merchant_code: wanted.merchantCode, enabled: true });
  const ranked = rankRoutes(
    rows.map((row) => readRow('routes', row)),
    wanted,
  );
  if (ranked.length === 0) throw fail('NO_ROUTE', { merchantCode: wanted.merchantCode, scene: wanted.scene });
  const codes = [...new Set(ranked.map((route) => route.accountCode))];
  const enabled: { code: string }[] = await db('channel_accounts')
    .whereIn('code', codes)
    .where({ enabled: true, merchant_code: wanted.merchantCode })
    .select('code');
  const usable = new Set(enabled.map((account) => account.code));
  const route = ranked.find((candidate) => usable.has(candidate.accountCode));
  if (!route) throw fail('ACCOUNT_DISABLED', { accountCode: codes[0] });
  return { accountCode: route.accountCode, channel: route.channel };
}
