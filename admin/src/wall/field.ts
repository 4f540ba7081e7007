import dayjs from 'dayjs';
import '../time';
import { type Field, type FieldConfig, type FieldConfigs, fieldConfig, type Value } from './contracts';

/** Grafana's named colours on a dark ground. */
const colors: Readonly<Record<string, string>> = {
  text: '#eef2f8',
  green: '#6ccf6a',
  yellow: '#fade2a',
  orange: '#ff9f43',
  red: '#ff5c6c',
  blue: '#5b9cf5',
  purple: '#b98bf0',
};
export const colorOf = (name: string): string => colors[name] ?? name;
export const palette = [
  '#5b9cf5',
  '#6ccf6a',
  '#ff9f43',
  '#b98bf0',
  '#fade2a',
  '#38c6d4',
  '#ff5c6c',
  '#9aa7bd',
];

function matches({ id, options }: FieldConfigs['overrides'][number]['matcher'], name: string): boolean {
  if (typeof options !== 'string') return false;
  if (id === 'byName') return options === name;
  return id === 'byRegexp' && new RegExp(options.replace(/^\/|\/$/g, '')).test(name);
}

/** What Grafana's defaults and overrides say of one field. */
export function configOf({ defaults, overrides }: FieldConfigs, name: string): FieldConfig {
  const custom = defaults.custom;
  const properties: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(custom && typeof custom === 'object' ? custom : {}))
    properties[`custom.${key}`] = value;
  for (const override of overrides) {
    if (!matches(override.matcher, name)) continue;
    for (const { id, value } of override.properties) properties[id] = value;
  }
  return fieldConfig.parse(properties);
}

export interface Units {
  /** Names of days, hours, minutes and seconds. */
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const grouped = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** As many decimals as the value has, two at most, unless it is said how many. */
const plain = (value: number, decimals: number | undefined): string =>
  decimals === undefined
    ? value.toLocaleString('en-US', { maximumFractionDigits: 2 })
    : grouped(value, decimals);

function duration(seconds: number, decimals: number | undefined, units: Units): string {
  const [per, name] = (
    [
      [86_400, units.day],
      [3600, units.hour],
      [60, units.minute],
    ] as const
  ).find(([size]) => Math.abs(seconds) >= size) ?? [1, units.second];
  return `${plain(seconds / per, decimals)} ${name}`;
}

const byteNames = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number as Grafana's unit has it. */
export function unitText(
  value: number,
  unit: string | undefined,
  decimals: number | undefined,
  units: Units,
): string {
  const [, symbol] = /^currency:(?:financial:)?(.+)$/.exec(unit ?? '') ?? [];
  if (symbol !== undefined)
    return `${value < 0 ? '-' : ''}${symbol}${grouped(Math.abs(value), decimals ?? 2)}`;
  switch (unit) {
    case 'percentunit':
      return `${grouped(value * 100, decimals ?? 1)}%`;
    case 'percent':
      return `${grouped(value, decimals ?? 1)}%`;
    case 'ms':
      return Math.abs(value) < 1000 ? `${plain(value, decimals)} ms` : duration(value / 1000, 2, units);
    case 's':
      return duration(value, decimals, units);
    case 'bytes': {
      const power =
        value === 0 ? 0 : Math.min(Math.floor(Math.log2(Math.abs(value)) / 10), byteNames.length - 1);
      return `${plain(value / 1024 ** power, decimals ?? 1)} ${byteNames[power]}`;
    }
    default:
      return plain(value, decimals);
  }
}

export function momentText(value: number, zone: string, format = 'YYYY-MM-DD HH:mm:ss'): string {
  return dayjs(value).tz(zone).format(format);
}

export interface Shown {
  text: string;
  color: string | undefined;
}

/** A cell: its text, and the colour that mappings or thresholds give it. */
export function shown(value: Value, field: Field, config: FieldConfig, zone: string, units: Units): Shown {
  const mapped = config.mappings?.map(({ options }) => options[String(value)]).find((option) => option);
  if (mapped) return { text: mapped.text ?? String(value), color: mapped.color && colorOf(mapped.color) };
  if (value === null) return { text: config.noValue ?? '—', color: undefined };
  if (field.type === 'time' && typeof value === 'number') {
    const [, format] = /^time:(.+)$/.exec(config.unit ?? '') ?? [];
    return { text: momentText(value, zone, format), color: undefined };
  }
  if (typeof value === 'number') {
    return {
      text: unitText(value, config.unit, config.decimals, units),
      color: thresholdColor(value, config),
    };
  }
  return { text: value, color: undefined };
}

export function thresholdColor(value: number, { thresholds }: FieldConfig): string | undefined {
  const reached = thresholds?.steps.filter((step) => step.value === null || value >= step.value).at(-1);
  return reached && colorOf(reached.color);
}
