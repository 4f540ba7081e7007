import type { Knex } from 'knex';
import { shownTime } from './duty';
import { alarmKinds, levelTitles, type Purpose, purposeTitles } from './kinds';
import { type MessageRow, readRows, type TemplateRow, templateRow } from './rows';
import { render, type Template, usualTemplate } from './template';

export type Language = 'zh' | 'en';

/** What a target is handed: all of it ready to be said. */
export interface Note {
  /** The same on every try, so that who gets it twice can tell. */
  id: string;
  title: string;
  text: string;
  kind: string;
  level: MessageRow['level'];
  state: Purpose;
  count: number;
  orderNo: string | null;
  at: string;
  lastAt: string;
}

export interface Templates {
  for(kind: string): TemplateRow | undefined;
}

export async function storedTemplates(db: Knex): Promise<Templates> {
  const rows = readRows(templateRow, await db('message_templates').where({ enabled: true }));
  const known = new Map(rows.map((row) => [row.kind, row]));
  return { for: (kind) => known.get(kind) ?? known.get('*') };
}

export type Said = Pick<
  MessageRow,
  'kind' | 'level' | 'count' | 'orderNo' | 'at' | 'lastAt' | 'title' | 'titleEn' | 'body' | 'bodyEn'
>;

interface Composing {
  id: string;
  purpose: Purpose;
  language: Language;
  zone: string;
  template: (Template & { name?: string; nameEn?: string }) | undefined;
}

export function compose(message: Said, { id, purpose, language, zone, template }: Composing): Note {
  const isZh = language === 'zh';
  const used = template ?? usualTemplate;
  const at = shownTime(message.at, zone);
  const lastAt = shownTime(message.lastAt ?? message.at, zone);
  const detail = (isZh ? message.body : message.bodyEn) ?? '';
  const title = isZh ? message.title : (message.titleEn ?? message.title);
  const values = {
    state: purposeTitles[purpose][language],
    level: levelTitles[message.level][language],
    kind: alarmKinds[message.kind]?.[language] ?? (isZh ? template?.name : template?.nameEn) ?? message.kind,
    title,
    detail: detail || title,
    orderNo: message.orderNo ?? '',
    count: String(message.count),
    at,
    lastAt,
    id,
  };
  return {
    id,
    title: render(isZh ? used.titleZh : used.titleEn, values),
    text: render(isZh ? used.bodyZh : used.bodyEn, values),
    kind: message.kind,
    level: message.level,
    state: purpose,
    count: message.count,
    orderNo: message.orderNo,
    at,
    lastAt,
  };
}
