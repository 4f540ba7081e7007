import { z } from 'zod';

export interface KindCount {
  kind: string;
  his: number;
  channel: number;
}

const counted = z.looseObject({ hisFen: z.number(), platformFen: z.number(), channelFen: z.number() });

/** What a finished run says of itself: sums, and how many results of each kind on either leg. */
export function runCounts(
  counts: unknown,
): { totals: z.output<typeof counted>; kinds: KindCount[] } | undefined {
  const parsed = counted.safeParse(typeof counts === 'string' ? JSON.parse(counts) : counts);
  if (!parsed.success) return undefined;
  const kinds = new Map<string, KindCount>();
  for (const [name, value] of Object.entries(parsed.data)) {
    const [, leg, kind = ''] = /^(his|channel)\.(\w+)$/.exec(name) ?? [];
    if ((leg !== 'his' && leg !== 'channel') || typeof value !== 'number') continue;
    kinds.set(kind, { ...(kinds.get(kind) ?? { kind, his: 0, channel: 0 }), [leg]: value });
  }
  const isMatched = ({ kind }: KindCount): number => (kind === 'matched' ? 0 : 1);
  return {
    totals: parsed.data,
    kinds: [...kinds.values()].sort((a, b) => isMatched(a) - isMatched(b) || (a.kind < b.kind ? -1 : 1)),
  };
}
