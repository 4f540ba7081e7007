import type { SignedInAccount } from '@hospital-pay/access';
import { expandMacros, secondsOf } from '@hospital-pay/dashboards/macros';
import { type Bilingual, isPlatformError } from '@hospital-pay/errors';
import { fail } from '../errors';
import type { Board, Panel } from './boards';
import { intervalOf, momentOf } from './range';
import type { Answer, Reader } from './reader';

export interface Choice {
  name: string;
  label: string;
  values: { value: string; text: string }[];
}

/** What the browser draws: the dashboard's own JSON without its queries. */
export interface BoardView {
  uid: string;
  title: string;
  refreshSeconds: number;
  zone: string;
  choices: Choice[];
  /** Of what dashboards and their figures say in Chinese; other texts are what they are. */
  english: Readonly<Record<string, string>>;
  panels: (Omit<Panel, 'targets' | 'interval'> & { isAnswered: boolean })[];
}

export interface Frame extends Answer {
  refId: string;
}

export type PanelAnswer =
  | { frames: Frame[]; error: null }
  /** `detail`: what the database said. */
  | { frames: []; error: Bilingual & { code: string; detail: string | null } };

export interface BoardAnswer {
  at: Date;
  from: Date;
  to: Date;
  /** When rows were added up last: figures are as of then. */
  countedAt: Date;
  panels: Record<string, PanelAnswer>;
}

export interface Wall {
  boards(): { uid: string; title: string; titleEn: string }[];
  /** @throws BOARD_NOT_FOUND */
  board(uid: string, account: SignedInAccount): Promise<BoardView>;
  /** `chosen`: values by variable; a variable that is not chosen is all of its values. @throws BOARD_NOT_FOUND, CHOICE_UNKNOWN */
  answer(
    uid: string,
    chosen: Readonly<Record<string, readonly string[]>>,
    account: SignedInAccount,
  ): Promise<BoardAnswer>;
  close(): Promise<void>;
}

export interface WallOptions {
  boards: readonly Board[];
  english: () => Readonly<Record<string, string>>;
  /** Called when somebody looks for the first time. */
  reader: () => Reader;
  now: () => Date;
  countedAt: () => Promise<Date>;
}

/** However many look, the database is asked once in this time. */
const freshMs = 4000;
/** A dashboard's grid on a screen of 1920 points. */
const pointsOfColumn = 80;

export function createWall({ boards, english, reader, now, countedAt }: WallOptions): Wall {
  let running: Reader | undefined;
  const database = (): Reader => {
    running ??= reader();
    return running;
  };
  const known = new Map<string, { until: number; answer: Promise<Answer> }>();

  function ask(sql: string): Promise<Answer> {
    const at = performance.now();
    for (const [key, { until }] of known) if (until <= at) known.delete(key);
    const found = known.get(sql);
    if (found) return found.answer;
    const answer = database().run(sql);
    known.set(sql, { until: at + freshMs, answer });
    return answer;
  }

  function find(uid: string): Board {
    const board = boards.find((one) => one.uid === uid);
    if (!board) throw fail('BOARD_NOT_FOUND');
    return board;
  }

  async function zoneOf(): Promise<string> {
    const { rows } = await ask('SELECT zone FROM wall.clock');
    return String(rows[0]?.[0] ?? 'Asia/Shanghai');
  }

  async function choicesOf(board: Board, account: SignedInAccount): Promise<Choice[]> {
    return Promise.all(
      board.templating.list.map(async ({ name, label = name, query }) => {
        const { fields, rows } = await ask(query);
        const place = (column: string) =>
          Math.max(
            fields.findIndex((field) => field.name === column),
            0,
          );
        const [text, value] = [place('__text'), place('__value')];
        const values = rows.map((row) => ({ value: String(row[value]), text: String(row[text]) }));
        const isAllowed = (code: string) => name !== 'merchant' || account.mayUseMerchant(code);
        return { name, label, values: values.filter(({ value: code }) => isAllowed(code)) };
      }),
    );
  }

  async function answerPanel(
    { gridPos, interval, targets }: Panel,
    { from, to }: { from: Date; to: Date },
    variables: Readonly<Record<string, readonly string[]>>,
    account: SignedInAccount,
  ): Promise<PanelAnswer> {
    const points = gridPos.w * pointsOfColumn;
    const range = {
      from,
      to,
      variables,
      interval: intervalOf(from, to, points, secondsOf(interval ?? '1m')),
    };
    try {
      const frames = await Promise.all(
        targets.map(async ({ refId, format, rawSql }) => {
          // What counts every merchant is not for who may see some of them only.
          if (account.merchantCodes !== null && !rawSql.includes(`\${merchant:`))
            throw fail('PANEL_OF_ALL_MERCHANTS');
          const answer = await ask(expandMacros(rawSql, range, database().macros));
          return { refId, ...(format === 'time_series' ? inMilliseconds(answer) : answer) };
        }),
      );
      return { frames, error: null };
    } catch (error) {
      const { code, text } = isPlatformError(error) ? error : fail('PANEL_FAILED');
      const detail = isPlatformError(error) ? null : error instanceof Error ? error.message : String(error);
      return { frames: [], error: { code, ...text, detail } };
    }
  }

  return {
    boards: () => boards.map(({ uid, title }) => ({ uid, title, titleEn: english()[title] ?? title })),
    async board(uid, account) {
      const board = find(uid);
      return {
        uid,
        title: board.title,
        refreshSeconds: secondsOf(board.refresh),
        zone: await zoneOf(),
        choices: await choicesOf(board, account),
        english: english(),
        panels: board.panels.map(({ targets, interval: _, ...panel }) => ({
          ...panel,
          isAnswered: targets.length > 0,
        })),
      };
    },
    async answer(uid, chosen, account) {
      const board = find(uid);
      const choices = await choicesOf(board, account);
      const variables: Record<string, string[]> = {};
      for (const { name, values } of choices) {
        const all = values.map(({ value }) => value);
        const picked = chosen[name] ?? all;
        if (picked.some((value) => !all.includes(value))) throw fail('CHOICE_UNKNOWN', { name });
        // Nothing to choose from is no row, not a query that cannot be read.
        variables[name] = picked.length > 0 ? [...picked] : [''];
      }
      const at = now();
      const zone = await zoneOf();
      // Viewers who come moments apart ask the same.
      const pace = new Date(Math.floor(at.getTime() / freshMs) * freshMs);
      const range = { from: momentOf(board.time.from, pace, zone), to: momentOf(board.time.to, pace, zone) };
      const answers = await Promise.all(
        board.panels.map(
          async (panel) => [panel.id, await answerPanel(panel, range, variables, account)] as const,
        ),
      );
      return { at, ...range, countedAt: await countedAt(), panels: Object.fromEntries(answers) };
    },
    async close() {
      await running?.close();
    },
  };
}

/** Grafana's macros give moments of lines in seconds. */
function inMilliseconds({ fields, rows }: Answer): Answer {
  const place = fields.findIndex(({ name }) => name === 'time');
  return {
    fields: fields.map((field, index) => (index === place ? { ...field, type: 'time' } : field)),
    rows: rows.map((row) =>
      row.map((value, index) => (index === place && typeof value === 'number' ? value * 1000 : value)),
    ),
  };
}
