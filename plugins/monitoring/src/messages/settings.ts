import { isUniqueViolation } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { fail } from '../errors';
import { alarmKinds } from './kinds';
import { dutyRow, routeRow, templateRow } from './rows';
import { usualTemplate } from './template';

type Uid = Parameters<Core.Strapi['db']['query']>[0];
const loose = z.looseObject({});

/** What a person may set, whichever door it comes by; a change is looked at together with what it leaves as it is. */
export function checkSettings(strapi: Core.Strapi, type: string, schema: z.ZodType): void {
  const uid: Uid = `api::${type}.${type}`;
  const check = (setting: unknown): void => {
    const parsed = schema.safeParse(setting);
    if (!parsed.success) {
      const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))];
      throw fail('SETTING_INVALID', { fields });
    }
  };
  strapi.db.lifecycles.subscribe({
    models: [uid],
    beforeCreate: ({ params }) => check(params.data),
    async beforeUpdate({ params }) {
      const before: unknown = await strapi.db.query(uid).findOne({ where: params.where });
      check({ ...loose.parse(before ?? {}), ...loose.parse(params.data ?? {}) });
    },
  });
}

export function checkMessageSettings(strapi: Core.Strapi): void {
  checkSettings(strapi, 'message-route', routeRow);
  checkSettings(strapi, 'duty-shift', dutyRow);
  checkSettings(strapi, 'message-template', templateRow);
}

/** Written when there is none at all: from then on the rows are the truth, and what was removed stays away. */
export async function seedEmpty(
  strapi: Core.Strapi,
  type: string,
  rows: Record<string, unknown>[],
): Promise<void> {
  const table = strapi.db.query(`api::${type}.${type}`);
  if ((await table.count()) > 0) return;
  for (const row of rows) {
    await table.create({ data: { ...row, publishedAt: new Date() } }).catch((error: unknown) => {
      // Another process booting at the same moment wrote it.
      if (!isUniqueViolation(error)) throw error;
    });
  }
}

/** Everything from a warning on goes to finance and operations, everything else to operations. */
const routes = [
  {
    name: '警告及以上',
    nameEn: 'Warnings and above',
    minLevel: 'warning',
    step: 1,
    afterMinutes: 0,
    roles: 'finance,ops',
    enabled: true,
  },
  {
    name: '全部给运维',
    nameEn: 'Everything to operations',
    minLevel: 'info',
    step: 1,
    afterMinutes: 0,
    roles: 'ops',
    enabled: true,
  },
  {
    name: '严重未确认升级',
    nameEn: 'Critical and not acknowledged',
    minLevel: 'critical',
    step: 2,
    afterMinutes: 15,
    roles: 'hospital_admin',
    enabled: true,
  },
];

export async function seedMessageSettings(strapi: Core.Strapi): Promise<void> {
  const template = { ...usualTemplate, enabled: true };
  await seedEmpty(strapi, 'message-template', [
    { kind: '*', name: '通用', nameEn: 'All others', ...template },
    ...Object.entries(alarmKinds).map(([kind, { zh, en }]) => ({ kind, name: zh, nameEn: en, ...template })),
  ]);
  await seedEmpty(strapi, 'message-route', routes);
  // Those of versions that had no English, where nobody has renamed them.
  for (const { name, nameEn } of routes) {
    await strapi.db
      .query('api::message-route.message-route')
      .updateMany({ where: { name, nameEn: { $null: true } }, data: { nameEn } });
  }
}
