import { type ConfigSchema, completeRow, toColumns, type Vault } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import type { Language, Note } from './compose';
import type { Guard } from './guard';
import type { TargetSummary } from './plan';
import { answerLimitMs, post, reasonOf, type SendOutcome } from './post';
import { readRows } from './rows';
import { type TargetConfig, type TargetKind, targetKinds } from './targets';

const configValue = z.union([z.string(), z.number(), z.boolean()]);
const configOf = z.record(z.string(), configValue.optional());

export const targetInput = z.strictObject({
  code: z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/),
  name: z.string().trim().min(1).max(64),
  kind: z.string(),
  language: z.enum(['zh', 'en']).default('zh'),
  enabled: z.boolean().default(true),
  config: z.record(z.string(), configValue.nullish()),
});
export type TargetInput = z.output<typeof targetInput>;

export interface TargetView {
  code: string;
  name: string;
  kind: string;
  language: Language;
  enabled: boolean;
  config: TargetConfig;
  /** Which secrets it has; what they are is never told. */
  secretsSet: Record<string, boolean>;
}

const targetRow = z.object({
  code: z.string(),
  name: z.string(),
  kind: z.string(),
  language: z.enum(['zh', 'en']).catch('zh'),
  enabled: z.boolean(),
  config: configOf.nullable().transform((value) => value ?? {}),
  secrets: z
    .string()
    .nullable()
    .transform((value) => z.record(z.string(), z.string()).parse(JSON.parse(value ?? '{}'))),
});
type TargetRow = z.output<typeof targetRow>;

export interface OpenTarget {
  language: Language;
  send(note: Note, recipient: string | null, now: Date): Promise<SendOutcome>;
}

export interface TargetStore {
  /** Creates or changes by code; a secret that is left out or empty keeps its value. @throws TARGET_INVALID */
  save(input: TargetInput): Promise<TargetView>;
  /** @throws TARGET_UNKNOWN */
  describe(code: string): Promise<TargetView>;
  /** Those that are switched on. */
  list(): Promise<TargetSummary[]>;
  /** `undefined` when there is none or it is switched off. */
  open(code: string): Promise<OpenTarget | undefined>;
  noteTest(code: string, result: string): Promise<void>;
}

const kindOf = (code: string): TargetKind | undefined => targetKinds.find((kind) => kind.code === code);
const addressesIn = (text: unknown): string[] =>
  String(text ?? '')
    .split(/[,，;\s]+/)
    .filter(Boolean);

class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

export function createTargetStore(options: {
  db: Knex;
  vault: Vault;
  guard: Guard;
  now: () => Date;
  limitMs?: number | undefined;
}): TargetStore {
  const { db, vault, guard, now, limitMs = answerLimitMs } = options;
  const sealedAs = (code: string, field: string): string => `message-target:${code}:${field}`;

  const unsealed = (code: string, secrets: Record<string, string>): TargetConfig =>
    Object.fromEntries(
      Object.entries(secrets).map(([name, sealed]) => {
        try {
          return [name, vault.open(sealed, sealedAs(code, name))];
        } catch {
          throw new SecretUnreadable(name);
        }
      }),
    );

  const find = async (code: string): Promise<TargetRow | undefined> =>
    readRows(targetRow, await db('message_targets').where({ code }))[0];

  const view = ({ secrets, ...row }: TargetRow): TargetView => ({
    ...row,
    secretsSet: Object.fromEntries(
      secretFields(kindOf(row.kind)?.config).map((name) => [name, name in secrets]),
    ),
  });

  const describe = async (code: string): Promise<TargetView> => {
    const row = await find(code);
    if (!row) throw fail('TARGET_UNKNOWN', { code });
    return view(row);
  };

  return {
    describe,
    async save(input) {
      const kind = kindOf(input.kind);
      if (!kind) throw fail('TARGET_INVALID', { fields: ['kind'] });
      const existing = await find(input.code);
      if (existing && existing.kind !== input.kind) throw fail('TARGET_INVALID', { fields: ['kind'] });
      const config: TargetConfig = {};
      const secrets = { ...existing?.secrets };
      for (const [name, field] of Object.entries(kind.config.properties)) {
        const value = input.config[name] ?? (field.secret ? undefined : field.default);
        if (value === undefined || value === '') continue;
        if (!fits(field, value)) throw fail('TARGET_INVALID', { fields: [name] });
        if (field.secret) secrets[name] = vault.seal(String(value), sealedAs(input.code, name));
        else config[name] = value;
      }
      const missing = kind.config.required.filter((name) => !(name in config) && !(name in secrets));
      if (missing.length > 0) throw fail('TARGET_INVALID', { fields: missing });
      const { code, name, language, enabled } = input;
      const attributes = {
        code,
        name,
        kind: kind.code,
        language,
        enabled,
        config,
        secrets: JSON.stringify(secrets),
      };
      await db('message_targets')
        .insert(completeRow(db, attributes, now()))
        .onConflict('code')
        .merge(toColumns(db, { ...attributes, updatedAt: now() }));
      return describe(code);
    },
    async list() {
      const rows = readRows(targetRow, await db('message_targets').where({ enabled: true }));
      return rows.flatMap(({ code, kind, config }) => {
        const known = kindOf(kind);
        if (!known) return [];
        const { people } = known;
        return [
          {
            code,
            addresses: people ? addressesIn(config[people.addresses]) : null,
            onDuty: people?.onDuty ?? null,
          },
        ];
      });
    },
    async open(code) {
      const row = await find(code);
      const kind = row && kindOf(row.kind);
      if (!row?.enabled || !kind) return undefined;
      const { send } = kind;
      return {
        language: row.language,
        async send(note, recipient, at) {
          try {
            const config = { ...row.config, ...unsealed(code, row.secrets) };
            const sending = { config, note, recipient, now: at };
            switch (send.by) {
              case 'smtp':
                return await send.deliver(sending, limitMs);
              case 'http':
                return await post(send.call(sending), guard, (answer) => send.read(answer, config), limitMs);
              default:
                return send satisfies never;
            }
          } catch (error) {
            // A secret of another key, an address or a header that cannot be sent: nothing left the house.
            return { kind: 'retry', error: reasonOf(error) };
          }
        },
      };
    },
    async noteTest(code, result) {
      await db('message_targets')
        .where({ code })
        .update(toColumns(db, { testedAt: now(), testResult: result.slice(0, 200) }));
    },
  };
}

const secretFields = (schema: ConfigSchema | undefined): string[] =>
  Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => (field.secret ? [name] : []));

function fits(field: ConfigSchema['properties'][string], value: string | number | boolean): boolean {
  if (field.type === 'integer') return Number.isSafeInteger(Number(value));
  if (field.type === 'boolean') return typeof value === 'boolean';
  const text = String(value);
  return (
    text.length <= (field.maxLength ?? 4000) &&
    text.length >= (field.minLength ?? 0) &&
    (!field.enum || field.enum.includes(text)) &&
    (!field.pattern || new RegExp(field.pattern).test(text))
  );
}
