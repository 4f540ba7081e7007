import { z } from 'zod';

/** Grafana's dashboard as far as this screen draws it. What is missing or odd is left out, never a reason to show nothing. */
const mapping = z.object({
  type: z.literal('value'),
  options: z.record(z.string(), z.object({ text: z.string().optional(), color: z.string().optional() })),
});
const lenient = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

export const fieldConfig = z.object({
  unit: lenient(z.string()),
  decimals: lenient(z.number()),
  min: lenient(z.number()),
  max: lenient(z.number()),
  noValue: lenient(z.string()),
  displayName: lenient(z.string()),
  thresholds: lenient(
    z.object({ steps: z.array(z.object({ value: z.number().nullable(), color: z.string() })) }),
  ),
  mappings: lenient(z.array(mapping)),
  'custom.fillOpacity': lenient(z.number()),
  'custom.lineWidth': lenient(z.number()),
  'custom.lineStyle': lenient(z.object({ fill: z.string() })),
  'custom.hidden': lenient(z.boolean()),
  'custom.cellOptions': lenient(z.object({ type: z.string() })),
});
export type FieldConfig = z.output<typeof fieldConfig>;

const fieldConfigs = z
  .object({
    defaults: z.record(z.string(), z.unknown()).catch({}),
    overrides: z
      .array(
        z.object({
          matcher: z.object({ id: z.string(), options: z.unknown() }),
          properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
        }),
      )
      .catch([]),
  })
  .catch({ defaults: {}, overrides: [] });
export type FieldConfigs = z.output<typeof fieldConfigs>;

const panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  fieldConfig: fieldConfigs,
  isAnswered: z.boolean(),
});
export type Panel = z.output<typeof panel>;

export const boardList = z.array(z.object({ uid: z.string(), title: z.string(), titleEn: z.string() }));
export const board = z.object({
  uid: z.string(),
  title: z.string(),
  refreshSeconds: z.number(),
  zone: z.string(),
  choices: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      values: z.array(z.object({ value: z.string(), text: z.string() })),
    }),
  ),
  english: z.record(z.string(), z.string()),
  panels: z.array(panel),
});
export type Board = z.output<typeof board>;

const value = z.union([z.number(), z.string(), z.null()]);
export type Value = z.output<typeof value>;
const frame = z.object({
  refId: z.string(),
  fields: z.array(z.object({ name: z.string(), type: z.enum(['time', 'number', 'text']) })),
  rows: z.array(z.array(value)),
});
export type Frame = z.output<typeof frame>;
export type Field = Frame['fields'][number];

const panelAnswer = z.object({
  frames: z.array(frame),
  error: z
    .object({ code: z.string(), zh: z.string(), en: z.string(), detail: z.string().nullable() })
    .nullable(),
});
export type PanelAnswer = z.output<typeof panelAnswer>;

export const boardAnswer = z.object({
  at: z.string(),
  from: z.string(),
  to: z.string(),
  countedAt: z.string(),
  panels: z.record(z.string(), panelAnswer),
});
export type BoardAnswer = z.output<typeof boardAnswer>;
