import { randomUUID } from 'node:crypto';
import { completeRow, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import type { Alarm } from '../messages/book';
import { isWithin } from '../messages/duty';
import type { Messages } from '../messages/messages';
import { hospitalZone, readRows } from '../messages/rows';
import { type Figure, metricOf, minutesBefore } from './measures';
import { type AlertRule, alertRule } from './rule';
import { type AlertStatus, alertStatuses, nextStatus } from './states';

const stateRow = z.object({
  id: z.number(),
  ruleCode: z.string(),
  subject: z
    .string()
    .nullable()
    .transform((value) => value ?? ''),
  status: z.enum(alertStatuses),
  sinceAt: z.date(),
});
type StateRow = z.output<typeof stateRow>;

/** When a rule would have told somebody, and when it was over. */
export interface Episode {
  subject: string;
  from: Date;
  to: Date | null;
  worst: string;
}

export interface Trial {
  /** False: only the present can be told of this metric. */
  knowsPast: boolean;
  now: { subject: string; value: string; samples: number; isOver: boolean }[];
  episodes: Episode[];
}

export interface Alerts {
  /** Judges every rule once. */
  judge(): Promise<void>;
  /** Rings as the rule would. @throws RULE_UNKNOWN */
  testFire(code: string, by: string): Promise<void>;
  /** What a rule, saved or not, would have done in the last 24 hours. */
  tryOut(rule: AlertRule): Promise<Trial>;
}

export interface AlertsOptions {
  db: Knex;
  now: () => Date;
  messages: Pick<Messages, 'book'>;
  warn(text: string): void;
}

const trialStepMinutes = 5;
const trialMinutes = 24 * 60;

export function createAlerts({ db, now, messages, warn }: AlertsOptions): Alerts {
  const isOver = (rule: AlertRule, figure: Figure): boolean => {
    const { fires, scale } = metricOf(rule.metric);
    if (figure.samples < rule.minCount) return false;
    const threshold = rule.threshold * scale;
    return fires === 'above' ? figure.value > threshold : figure.value < threshold;
  };

  /** Within its hours; what is about things that are missing looks once they had the whole window to come. */
  const isLooking = (rule: AlertRule, at: Date, zone: string): boolean =>
    isWithin(rule, at, zone) &&
    (!metricOf(rule.metric).needsWholeWindow || isWithin(rule, minutesBefore(at, rule.windowMinutes), zone));

  const measure = async (rule: AlertRule, at: Date, zone: string): Promise<Figure[]> =>
    isLooking(rule, at, zone) ? metricOf(rule.metric).measure({ db, rule, at, zone }) : [];

  const shown = (rule: AlertRule) => ({
    value: (figure: Figure | undefined) => (figure ? metricOf(rule.metric).show(figure.value) : '—'),
    threshold: metricOf(rule.metric).show(rule.threshold * metricOf(rule.metric).scale),
  });

  const storedRules = async (): Promise<AlertRule[]> => readRows(alertRule, await db('alert_rules'));

  async function move(
    rule: AlertRule,
    state: StateRow,
    to: AlertStatus,
    figure: Figure | undefined,
  ): Promise<void> {
    const at = now();
    const { value, threshold } = shown(rule);
    const seen = { value: value(figure), evaluatedAt: at };
    const isMove = to !== state.status;
    // Told before it is moved: a crash in between tells the same once more, which is one message all the same.
    if (isMove && (to === 'firing' || to === 'resolved')) {
      await messages.book([{ ...alarmOf(rule, state, to === 'resolved', seen.value, threshold), at }]);
    }
    await db.transaction(async (trx) => {
      const moved = await trx('alert_states')
        .where({ id: state.id, status: state.status })
        .update(toColumns(trx, { ...seen, ...(isMove ? { status: to, sinceAt: at } : {}), updatedAt: at }));
      if (moved !== 1 || !isMove) return;
      const { ruleCode, subject, status } = state;
      const event = { at, ruleCode, subject, fromStatus: status, toStatus: to, value: seen.value, threshold };
      await trx('alert_events').insert(completeRow(trx, event, at));
    });
  }

  async function stateOf(
    rule: AlertRule,
    subject: string,
    known: Map<string, StateRow>,
  ): Promise<StateRow | undefined> {
    const found = known.get(subject);
    if (found) return found;
    const at = now();
    const row = { ruleCode: rule.code, subject, status: 'ok', sinceAt: at, evaluatedAt: at };
    await db('alert_states')
      .insert(completeRow(db, row, at))
      .onConflict(['rule_code', 'subject'])
      .ignore();
    return readRows(stateRow, await db('alert_states').where({ rule_code: rule.code, subject }))[0];
  }

  async function judgeRule(rule: AlertRule, states: readonly StateRow[], zone: string): Promise<void> {
    const at = now();
    const found = rule.enabled ? await measure(rule, at, zone) : [];
    const isAway = rule.enabled && !isLooking(rule, at, zone);
    const known = new Map(states.map((state) => [state.subject, state]));
    for (const figure of found) {
      const state = await stateOf(rule, figure.subject, known);
      if (!state) continue;
      await move(rule, state, nextStatus(state, isOver(rule, figure), at, rule.forMinutes), figure);
    }
    // What is not seen any more is over, unless nobody looks.
    for (const state of states) {
      if (isAway && state.status === 'firing') continue;
      if (found.some(({ subject }) => subject === state.subject)) continue;
      const to = nextStatus(state, false, at, rule.forMinutes);
      if (to !== state.status) await move(rule, state, to, undefined);
    }
  }

  return {
    async judge() {
      const zone = await hospitalZone(db);
      const states = readRows(stateRow, await db('alert_states'));
      const rules = await storedRules();
      for (const rule of rules) {
        const own = states.filter(({ ruleCode }) => ruleCode === rule.code);
        // One rule that cannot be judged keeps no other from it.
        await judgeRule(rule, own, zone).catch((error: unknown) =>
          warn(`alert rule ${rule.code}: ${error instanceof Error ? error.message : error}`),
        );
      }
      const codes = new Set(rules.map(({ code }) => code));
      for (const state of states) {
        if (codes.has(state.ruleCode)) continue;
        if (state.status === 'firing') {
          const over = {
            kind: 'alert',
            about: aboutOf(state.ruleCode, state.subject),
            isOver: true,
          } as const;
          const text = { zh: `规则 ${state.ruleCode} 已删除`, en: `Rule ${state.ruleCode} was removed` };
          const dedupeKey = `alert:${state.ruleCode}:${state.subject}:removed:${state.sinceAt.getTime()}`;
          await messages.book([{ ...over, ...text, level: 'info', orderNo: null, dedupeKey, at: now() }]);
        }
        await db('alert_states').where({ id: state.id }).delete();
      }
    },

    async testFire(code, by) {
      const rule = (await storedRules()).find((one) => one.code === code);
      if (!rule) throw fail('RULE_UNKNOWN', { code });
      await messages.book([
        {
          kind: 'alert',
          level: rule.level,
          zh: `（测试）${rule.name}，由 ${by} 发起`,
          en: `(Test) ${rule.nameEn}, by ${by}`,
          orderNo: null,
          about: `test:${code}`,
          dedupeKey: `alert-test:${code}:${randomUUID()}`,
          at: now(),
        },
      ]);
    },

    async tryOut(rule) {
      const zone = await hospitalZone(db);
      const { show, knowsPast } = metricOf(rule.metric);
      const end = now();
      const present = await measure(rule, end, zone);
      const trial: Trial = {
        knowsPast,
        now: present.map((figure) => ({
          subject: figure.subject,
          value: show(figure.value),
          samples: figure.samples,
          isOver: isOver(rule, figure),
        })),
        episodes: [],
      };
      if (!knowsPast) return trial;
      const states = new Map<string, { status: AlertStatus; sinceAt: Date; episode?: Episode }>();
      for (let minute = trialMinutes; minute >= 0; minute -= trialStepMinutes) {
        const at = new Date(end.getTime() - minute * 60_000);
        const found = await measure(rule, at, zone);
        const isAway = !isLooking(rule, at, zone);
        const subjects = new Set([...states.keys(), ...found.map(({ subject }) => subject)]);
        for (const subject of subjects) {
          const figure = found.find((one) => one.subject === subject);
          const before = states.get(subject) ?? { status: 'ok', sinceAt: at };
          if (isAway && before.status === 'firing') continue;
          const to = nextStatus(before, figure !== undefined && isOver(rule, figure), at, rule.forMinutes);
          if (to === before.status) {
            states.set(subject, before);
            continue;
          }
          if (to === 'firing') {
            const episode: Episode = {
              subject,
              from: at,
              to: null,
              worst: figure ? show(figure.value) : '—',
            };
            trial.episodes.push(episode);
            states.set(subject, { status: to, sinceAt: at, episode });
            continue;
          }
          if (to === 'resolved' && before.episode) before.episode.to = at;
          states.set(subject, { status: to, sinceAt: at });
        }
      }
      return trial;
    },
  };
}

const aboutOf = (ruleCode: string, subject: string): string => `${ruleCode}${subject ? `:${subject}` : ''}`;

function alarmOf(rule: AlertRule, state: StateRow, isOver: boolean, value: string, threshold: string): Alarm {
  const { subject, sinceAt } = state;
  const { title, fires } = metricOf(rule.metric);
  const about = subject === '' ? { zh: '', en: '' } : { zh: `（${subject}）`, en: ` (${subject})` };
  const sign = fires === 'above' ? '>' : '<';
  return {
    kind: 'alert',
    level: isOver ? 'info' : rule.level,
    zh: isOver
      ? `${rule.name}${about.zh}已恢复：${title.zh} ${value}`
      : `${rule.name}${about.zh}：${title.zh} ${value}（${sign} ${threshold}）`,
    en: isOver
      ? `${rule.nameEn}${about.en} is over: ${title.en} ${value}`
      : `${rule.nameEn}${about.en}: ${title.en} ${value} (${sign} ${threshold})`,
    orderNo: null,
    about: aboutOf(rule.code, subject),
    isOver,
    dedupeKey: `alert:${aboutOf(rule.code, subject)}:${isOver ? 'over' : 'on'}:${sinceAt.getTime()}`,
  };
}
