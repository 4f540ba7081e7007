import type { Bilingual } from '@hospital-pay/errors';
import { say, type Wording, wallClock, words } from './cells';
import { type Condition, condition } from './lists';
import type { Asked, Field } from './report';

const texts = {
  contains: { zh: '包含 ', en: 'contains ' },
  not: { zh: '不是 ', en: 'not ' },
  from: { zh: '自 ', en: 'from ' },
  above: { zh: '大于 ', en: 'above ' },
  until: { zh: '至 ', en: 'until ' },
  below: { zh: '小于 ', en: 'below ' },
  empty: { zh: '空', en: 'empty' },
  filled: { zh: '非空', en: 'not empty' },
} as const satisfies Record<string, Bilingual>;

/** 下单时间 | 2018-10-18 ~ 2018-10-19: what was asked, in the words of the screen. */
export function askedLine({ field, value }: Asked, wording: Wording): [label: string, text: string] {
  const asked = condition.safeParse(value);
  const text = asked.success ? conditionText(field, asked.data, wording) : words(field, value, wording);
  return [say(field.title, wording), text];
}

function conditionText(field: Field, asked: Condition, wording: Wording): string {
  const word = (value: unknown): string => words(field, value, wording);
  const tell = (text: Bilingual, value: unknown): string => say(text, wording) + word(value);
  const { $eq, $ne, $in, $notIn, $containsi, $null, $notNull, $gte, $gt, $lte, $lt } = asked;
  const days = daysOf(field, asked, wording);
  const parts: string[] = [];
  if ($eq !== undefined) parts.push(word($eq));
  if ($in !== undefined) parts.push(word($in));
  if ($ne !== undefined) parts.push(tell(texts.not, $ne));
  if ($notIn !== undefined) parts.push(tell(texts.not, $notIn));
  if ($containsi !== undefined) parts.push(tell(texts.contains, $containsi));
  if (days !== undefined) parts.push(days);
  else if ($gte !== undefined && $lte !== undefined) parts.push(`${word($gte)} ~ ${word($lte)}`);
  else {
    if ($gte !== undefined) parts.push(tell(texts.from, $gte));
    if ($gt !== undefined) parts.push(tell(texts.above, $gt));
    if ($lte !== undefined) parts.push(tell(texts.until, $lte));
    if ($lt !== undefined) parts.push(tell(texts.below, $lt));
  }
  if ($null !== undefined) parts.push(say($null ? texts.empty : texts.filled, wording));
  if ($notNull !== undefined) parts.push(say($notNull ? texts.filled : texts.empty, wording));
  return parts.join(', ');
}

/** A screen asks for days as moments, from the first midnight to before the one after the last day: told as days again. */
function daysOf(field: Field, { $gte, $lt }: Condition, wording: Wording): string | undefined {
  if (field.kind !== 'datetime' || typeof $gte !== 'string' || typeof $lt !== 'string') return undefined;
  const zone = wording.zoneOf(undefined);
  const [first, end] = [$gte, $lt].map((moment) => wallClock(new Date(moment), zone).getTime());
  const dayMs = 86_400_000;
  if (first === undefined || end === undefined || first % dayMs !== 0 || end % dayMs !== 0) return undefined;
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  return `${day(first)} ~ ${day(end - dayMs)}`;
}
