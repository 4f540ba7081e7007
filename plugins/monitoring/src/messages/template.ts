/** What a template may name; anything else is refused when it is saved. */
export const variables = [
  'state',
  'level',
  'kind',
  'title',
  'detail',
  'orderNo',
  'count',
  'at',
  'lastAt',
  'id',
] as const;
export type Variables = Record<(typeof variables)[number], string>;

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;
const isVariable = (name: string): name is keyof Variables => variables.some((known) => known === name);

/** Names in a template that are no variable. */
export const unknownVariables = (template: string): string[] => [
  ...new Set(
    [...template.matchAll(placeholder)].map(([, name = '']) => name).filter((name) => !isVariable(name)),
  ),
];

/** A line whose variables are all empty is left out. Values are put in as they are and never read as templates. */
export function render(template: string, values: Variables): string {
  return template
    .split('\n')
    .flatMap((line) => {
      const named = [...line.matchAll(placeholder)].map(([, name = '']) =>
        isVariable(name) ? values[name] : '',
      );
      if (named.length > 0 && named.every((value) => value === '')) return [];
      return [
        line.replace(placeholder, (_, name: string) => (isVariable(name) ? values[name] : '')).trimEnd(),
      ];
    })
    .join('\n')
    .trim();
}

export interface Template {
  titleZh: string;
  titleEn: string;
  bodyZh: string;
  bodyEn: string;
  groupMinutes: number;
}

/** Alarms of one kind within so many minutes are one message. */
export const usualGroupMinutes = 10;

export const usualTemplate: Template = {
  titleZh: '【{{level}}{{state}}】{{title}}',
  titleEn: '[{{level}} {{state}}] {{title}}',
  bodyZh: '{{detail}}\n订单：{{orderNo}}\n次数：{{count}}（{{at}} 至 {{lastAt}}）\n编号：{{id}}',
  bodyEn: '{{detail}}\nOrder: {{orderNo}}\nCount: {{count}} ({{at}} to {{lastAt}})\nNo.: {{id}}',
  groupMinutes: usualGroupMinutes,
};
