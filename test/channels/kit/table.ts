import { type Candidate, candidates } from './channels';

export type Verdict = 'pass' | 'fail' | 'not run';

const scenes = ['micropay', 'native', 'jsapi', 'h5', 'app', 'terminal'] as const;
const verbs = ['close', 'reverse', 'refund', 'queryRefund', 'quote'] as const;
const promises = ['amounts', 'unknown', 'secrets'] as const;

interface Column {
  heading: string;
  /** The part of the kit that proves it. */
  part: string;
  offered(candidate: Candidate): boolean;
}

const columns: Column[] = [
  ...scenes.map((scene) => ({
    heading: scene,
    part: `scene ${scene}`,
    offered: ({ manifest }: Candidate) => manifest.scenes.includes(scene),
  })),
  ...verbs.map((verb) => ({
    heading: verb,
    part: verb,
    offered: ({ manifest }: Candidate) => manifest.verbs.includes(verb),
  })),
  {
    heading: 'notification',
    part: 'notification',
    offered: ({ manifest }) => manifest.verbs.includes('readNotification'),
  },
  { heading: 'bill', part: 'bill', offered: ({ manifest }) => manifest.billReader !== undefined },
  ...promises.map((part) => ({
    heading: part,
    part,
    offered: ({ manifest }: Candidate) => part === 'secrets' || manifest.scenes.length > 0,
  })),
];

const words: Record<Verdict, string> = { pass: 'pass', fail: '**FAIL**', 'not run': '?' };

/** Channel × scene × verb × contract kit, as Markdown lines; `verdict` tells what became of one part of the kit. */
export function channelTable(verdict: (code: string, part: string) => Verdict): string[] {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const headings = ['channel', ...columns.map(({ heading }) => heading), 'live gateway'];
  return [
    row(headings),
    row(headings.map(() => '---')),
    ...candidates().map((candidate) => {
      const { manifest, underTest } = candidate;
      return row([
        `${manifest.title.zh} \`${manifest.code}\``,
        ...columns.map(({ part, offered }) =>
          offered(candidate) ? (underTest.provenBy ? 'own suite' : words[verdict(manifest.code, part)]) : '–',
        ),
        underTest.verifiedLive ?? 'unverified',
      ]);
    }),
  ];
}
