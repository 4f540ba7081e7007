import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const sqlTarget = z.object({
  refId: z.string(),
  format: z.enum(['table', 'time_series']).catch('table'),
  rawSql: z.string(),
});
const panelSchema = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string().default(''),
  description: z.string().optional(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() }),
  /** The shortest `$__interval`. */
  interval: z.string().optional(),
  /** How it looks; the browser's to read. */
  options: z.unknown().optional(),
  fieldConfig: z.unknown().optional(),
  /** Queries of other data sources than the database are nobody's here. */
  targets: z
    .array(z.unknown())
    .default([])
    .transform((targets) => targets.flatMap((target) => sqlTarget.safeParse(target).data ?? [])),
});
const boardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  refresh: z.string().catch('30s'),
  time: z.object({ from: z.string(), to: z.string() }).catch({ from: 'now-6h', to: 'now' }),
  panels: z.array(panelSchema),
  templating: z
    .object({
      list: z
        .array(z.object({ name: z.string(), label: z.string().optional(), query: z.string() }))
        .default([]),
    })
    .default({ list: [] }),
});

export type Board = z.output<typeof boardSchema>;
export type Panel = Board['panels'][number];

/** Grafana's own files; the first to be shown is the wall. */
const firstFile = 'wall.json';

/** What the dashboards that come with the platform say, in English. */
export const readEnglish = (file: string): Record<string, string> =>
  z.record(z.string(), z.string()).parse(JSON.parse(fs.readFileSync(file, 'utf8')));

/** Every dashboard of a folder. A file that is none is told and left out: the others are shown. */
export function readBoards(folder: string, warn: (text: string) => void): Board[] {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
  names.sort((a, b) => Number(b === firstFile) - Number(a === firstFile) || a.localeCompare(b));
  return names.flatMap((name) => {
    try {
      return [boardSchema.parse(JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')))];
    } catch (error) {
      warn(`dashboard ${name} cannot be read: ${error instanceof Error ? error.message : error}`);
      return [];
    }
  });
}
