import type { Bilingual } from '@hospital-pay/errors';
import type { NamedRows } from '@hospital-pay/lowcode';
import { type Currency, formatAmount, toMinor } from '@hospital-pay/payments';
import { z } from 'zod';
import { knownCurrency } from '../currency';
import { anomalyTexts, isAnomaly } from '../order-state';
import type { Field, Row } from './report';

/** By which names and in which zone the values of one export are written. */
export interface Wording {
  language: 'zh' | 'en';
  merchantName(code: string): string;
  channelName(code: string): string;
  /** What people call a row that other rows keep the code of. */
  nameOf(rows: NamedRows, code: string): string;
  /** The zone of a merchant; of the export as a whole without one. */
  zoneOf(merchantCode: string | undefined): string;
}

export const say = (text: Bilingual, { language }: Pick<Wording, 'language'>): string => text[language];

/** What stands in a cell of Excel: amounts and moments are numbers there, everything else is text. */
export type CellValue = string | number | Date | null;

/** Excel cuts longer texts off, and calls the file damaged. */
const longestText = 32_767;

export function cellOf(field: Field, row: Row, wording: Wording): CellValue {
  const value = shownValue(field, row, wording);
  if (value === null || value === undefined || value === '') return null;
  switch (field.kind) {
    case 'money':
      return yuan(toMinor(value), currencyOf(row));
    case 'integer':
      return numberOf(value);
    case 'datetime':
      return wallClock(momentOf(value), zoneOfRow(row, wording));
    default: {
      const text = words(field, value, wording);
      return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
    }
  }
}

/** The same as text, for CSV. A spreadsheet that opens it must not take a patient's text for a formula. */
export function textOf(field: Field, row: Row, wording: Wording): string {
  const value = shownValue(field, row, wording);
  if (value === null || value === undefined || value === '') return '';
  switch (field.kind) {
    case 'money':
      return formatAmount(toMinor(value), currencyOf(row));
    case 'integer':
      return String(numberOf(value));
    case 'datetime':
      return clockText(wallClock(momentOf(value), zoneOfRow(row, wording)));
    default:
      return harmless(words(field, value, wording));
  }
}

/** As on the screen: a field `title` may have its English in `titleEn`. */
function shownValue({ name }: Field, row: Row, { language }: Wording): unknown {
  return (language === 'en' && row[`${name}En`]) || row[name];
}

/** 1999 → 19.99 in CNY, 1999 in JPY: the number nearest to the decimal, of which Excel shows exactly its places. */
export const yuan = (fen: number, currency?: Currency): number => Number(formatAmount(fen, currency));

/** A row says its currency, or is of CNY. */
export const currencyOf = (row: Row): Currency => knownCurrency.parse(row.currency);

export const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** Values that have a name by their name, several of them one after the other. */
export function words(field: Field, value: unknown, wording: Wording): string {
  const { names } = field;
  if (names) {
    const codes = Array.isArray(value) ? value.map(String) : String(value).split(',');
    return codes.map((code) => wording.nameOf(names, code)).join(wording.language === 'zh' ? '、' : ', ');
  }
  if (field.kind === 'json') return typeof value === 'string' ? value : JSON.stringify(value);
  if (Array.isArray(value)) {
    return value.map((one) => words(field, one, wording)).join(field.kind === 'anomalies' ? '; ' : ', ');
  }
  const text = String(value);
  const option = field.options?.find((candidate) => candidate.value === text);
  if (option) return say(option, wording);
  switch (field.kind) {
    case 'boolean':
      return say(value === true || value === 1 || text === 'true' ? yes : no, wording);
    case 'channel':
      return wording.channelName(text);
    case 'merchant':
      return wording.merchantName(text);
    case 'anomalies':
      return isAnomaly(text) ? say(anomalyTexts[text], wording) : text;
    case 'money':
      return formatAmount(toMinor(value));
    case 'datetime':
      return clockText(wallClock(momentOf(value), wording.zoneOf(undefined)));
    case 'day':
    case 'enum':
    case 'integer':
    case 'string':
    case 'text':
      return text;
    default:
      return field.kind satisfies never;
  }
}

const yes: Bilingual = { zh: '是', en: 'Yes' };
const no: Bilingual = { zh: '否', en: 'No' };

/** Strapi gives large whole numbers as text. What is no number after all stays as it is. */
function numberOf(value: unknown): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const moment = z.union([z.date(), z.string(), z.number()]).pipe(z.coerce.date());
const momentOf = (value: unknown): Date => (value instanceof Date ? value : moment.parse(value));

function zoneOfRow(row: Row, wording: Wording): string {
  return wording.zoneOf(typeof row.merchantCode === 'string' ? row.merchantCode : undefined);
}

const quarter = 15 * 60_000;
const offsets = new Map<string, Map<number, number>>();

/**
 * A Date whose UTC fields read what the clock on the wall of that zone reads: Excel knows no zones.
 * Zones turn their clocks at whole quarters of an hour, so that one look-up serves all moments of a quarter.
 */
export function wallClock(at: Date, zone: string): Date {
  const slot = Math.floor(at.getTime() / quarter);
  const known = offsets.get(zone) ?? new Map<number, number>();
  if (!offsets.has(zone)) offsets.set(zone, known);
  let offset = known.get(slot);
  if (offset === undefined) {
    offset = offsetAt(slot * quarter, zone);
    if (known.size > 50_000) known.clear();
    known.set(slot, offset);
  }
  return new Date(at.getTime() + offset);
}

function offsetAt(time: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(time);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** What the clock on the wall reads, as text. */
export const clockText = (wall: Date): string => wall.toISOString().slice(0, 19).replace('T', ' ');
