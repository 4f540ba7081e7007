import type { ConfigField, ConfigSchema } from '../http/contracts';

export type ConfigValues = Record<string, unknown>;

/** The parameters that apply to what has been chosen so far, in the channel's order. */
export function shownFields(
  schema: ConfigSchema,
  values: ConfigValues,
): [name: string, field: ConfigField][] {
  return Object.entries(schema.properties).filter(([, { showWhen }]) => {
    if (!showWhen) return true;
    const other = values[showWhen.field] ?? schema.properties[showWhen.field]?.default;
    return other !== undefined && showWhen.in.includes(String(other));
  });
}

/** Key material is several lines long; a password field would keep its lines from being seen to be complete. */
export const isLong = (field: ConfigField): boolean => field.format === 'pem' || (field.maxLength ?? 0) > 512;

export function defaultsOf(schema: ConfigSchema): ConfigValues {
  return Object.fromEntries(
    Object.entries(schema.properties).flatMap(([name, field]) =>
      field.default === undefined ? [] : [[name, field.default]],
    ),
  );
}

/**
 * What is sent: parameters that do not apply are left out, and so is an empty secret, so that the stored one stays.
 */
export function toConfig(schema: ConfigSchema, values: ConfigValues): ConfigValues {
  const config: ConfigValues = {};
  for (const [name, field] of shownFields(schema, values)) {
    const value = values[name];
    const text = typeof value === 'string' ? value.trim() : value;
    if (text === undefined || text === null || text === '') continue;
    config[name] = field.type === 'integer' ? Number(text) : text;
  }
  return config;
}
