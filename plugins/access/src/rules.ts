import { createMongoAbility, type MongoAbility } from '@casl/ability';
import { z } from 'zod';

export const actions = [
  'read',
  'create',
  'update',
  'delete',
  'refund',
  'pay',
  'reconcile',
  'resolve',
  'approve',
  'test',
  'unmask',
  'manage',
] as const;
export type Action = (typeof actions)[number];

/** A content type's singular name, or 'cashier', 'summary', 'dashboard', 'patient', 'all'. */
export type Subject = string;
export type Ability = MongoAbility<[string, string]>;

const oneOrMany = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).min(1)]);

/** A role only ever adds rights: without `inverted`, an account's roles are the plain union of their rules. */
const ruleSchema = z.strictObject({
  action: oneOrMany(z.enum(actions)),
  subject: oneOrMany(z.string().min(1)),
  fields: z.array(z.string().min(1)).min(1).optional(),
});
export const rulesSchema = z.array(ruleSchema);
export type Rule = z.infer<typeof ruleSchema>;

export function abilityOf(rules: readonly Rule[]): Ability {
  return createMongoAbility<Ability>(
    rules.map(({ action, subject, fields }) => (fields ? { action, subject, fields } : { action, subject })),
  );
}

export interface RoleDefinition {
  code: string;
  name: string;
  nameEn: string;
  rules: Rule[];
}

const money = ['order', 'attempt', 'refund', 'mixed-payment', 'payment-link', 'his-record'];
const books = [
  'discrepancy',
  'daily-total',
  'reconciliation-run',
  'bill-archive',
  'fund-flow-fetch',
  'bank-statement',
  'bank-statement-line',
  'bank-match',
  'summary',
  'dashboard',
  'closing',
  'closing-figure',
  'shift',
];
const logs = [
  'interface-log',
  'abnormal-request',
  'login-log',
  'log-archive',
  'log-retention',
  'message',
  'notification',
  'outbox',
];
/** What became of messages and alert rules. */
const told = ['delivery', 'alarm', 'alert-state', 'alert-event'];
/** Who is told what, when and how. */
const telling = ['message-target', 'message-route', 'message-template', 'duty-shift', 'alert-rule'];
/** Who is told, and by whom something was read, is shown by name. */
const colleagues: Rule[] = [
  { action: 'read', subject: 'role', fields: ['code', 'name', 'nameEn'] },
  { action: 'read', subject: 'account', fields: ['username', 'displayName'] },
];
const configuration = [
  'merchant',
  'route',
  'terminal',
  'channel',
  'channel-account',
  'reconciliation-rule',
  'bank-account',
  'bank-settlement',
  'approval-rule',
];

export const builtInRoles: RoleDefinition[] = [
  {
    code: 'super',
    name: '超级管理员',
    nameEn: 'Super administrator',
    rules: [{ action: 'manage', subject: 'all' }],
  },
  {
    code: 'hospital_admin',
    name: '院方管理员',
    nameEn: 'Hospital administrator',
    rules: [
      { action: 'read', subject: 'all' },
      {
        action: ['create', 'update', 'delete'],
        subject: [...configuration, ...telling, 'view', 'application'],
      },
      { action: 'update', subject: 'log-retention' },
      { action: ['create', 'update', 'delete'], subject: 'error-knowledge' },
      { action: 'test', subject: 'channel-account' },
      { action: 'update', subject: 'message' },
      { action: 'create', subject: 'export' },
    ],
  },
  {
    code: 'finance',
    name: '财务',
    nameEn: 'Finance',
    rules: [
      {
        action: 'read',
        subject: [
          ...money,
          ...books,
          ...configuration,
          'message',
          'delivery',
          'alarm',
          'notification',
          'outbox',
          'interface-log',
          'error-knowledge',
        ],
      },
      { action: 'refund', subject: ['order', 'refund'] },
      {
        action: 'reconcile',
        subject: ['reconciliation-run', 'discrepancy', 'daily-total', 'summary', 'bank-statement', 'shift'],
      },
      {
        action: ['create', 'update', 'delete'],
        subject: ['reconciliation-rule', 'bank-account', 'bank-settlement'],
      },
      { action: 'create', subject: ['bill-archive', 'bank-statement'] },
      // To close a period is to create a closing, to reopen it is to change one.
      { action: ['create', 'update'], subject: 'closing' },
      { action: 'create', subject: 'shift' },
      // Two different people: who proposed something cannot approve it, whatever his rights.
      { action: ['resolve', 'approve'], subject: 'discrepancy' },
      { action: 'unmask', subject: 'patient' },
      { action: 'update', subject: 'message' },
      ...colleagues,
      { action: ['read', 'create'], subject: 'export' },
    ],
  },
  {
    code: 'cashier',
    name: '收费员',
    nameEn: 'Cashier',
    rules: [
      { action: 'pay', subject: ['cashier', 'order'] },
      // Their own shifts alone: the routes see to that.
      { action: 'create', subject: 'shift' },
      {
        action: 'read',
        subject: [
          'cashier',
          'order',
          'attempt',
          'refund',
          'mixed-payment',
          'payment-link',
          'merchant',
          'terminal',
        ],
      },
      // Lists call channels and accounts by their names.
      {
        action: 'read',
        subject: 'channel-account',
        fields: ['code', 'name', 'channel', 'merchantCode', 'enabled'],
      },
    ],
  },
  {
    code: 'ops',
    name: '运维',
    nameEn: 'Operations',
    rules: [
      {
        action: 'read',
        subject: [
          ...logs,
          ...told,
          ...telling,
          ...configuration,
          'reconciliation-run',
          'bill-archive',
          'lease',
          'dashboard',
          'audit-entry',
        ],
      },
      // Operations write down what they found out.
      { action: ['create', 'update'], subject: 'error-knowledge' },
      { action: 'test', subject: 'channel-account' },
      { action: ['create', 'update', 'delete'], subject: telling },
      { action: 'update', subject: 'message' },
      ...colleagues,
      { action: ['read', 'create'], subject: 'export' },
    ],
  },
];
