import type { Clock } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import type { ChannelManifest } from './contract';
import { fail } from './errors';
import { completeRow, toColumns } from './rows';
import type { ChannelSwitches } from './types';

export interface ChannelSwitchesOptions {
  db: Knex;
  clock: Clock;
  manifests(): ReadonlyMap<string, ChannelManifest>;
}

interface Switches extends ChannelSwitches {
  /** A row, switched on, for every registered channel that has none yet. */
  seed(): Promise<void>;
}

export function createChannelSwitches({ db, clock, manifests }: ChannelSwitchesOptions): Switches {
  return {
    async seed() {
      for (const code of manifests().keys()) {
        await db('channels')
          .insert(completeRow(db, { code, enabled: true }, clock.now()))
          .onConflict('code')
          .ignore();
      }
    },
    async disabled() {
      const rows: { code: string }[] = await db('channels').where({ enabled: false }).select('code');
      return new Set(rows.map(({ code }) => code));
    },
    async set(code, enabled) {
      const changed = await db('channels')
        .where({ code })
        .update(toColumns(db, { enabled, updatedAt: clock.now() }));
      if (changed === 0) throw fail('CHANNEL_UNKNOWN', { channel: code });
    },
  };
}
