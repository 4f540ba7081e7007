import { z } from 'zod';

/** A place in a log: rows are in the order of their moment, and of their number within it. */
export interface Place {
  at: Date;
  id: number;
}

/** Which rows to read next: those beyond a place, nearest first, by these of their fields. */
export interface Step {
  from: Place | undefined;
  order: 'asc' | 'desc';
  limit: number;
  fields: readonly string[];
}

export const writePlace = ({ at, id }: Place): string => `${at.getTime()}-${id}`;

export const place = z
  .string()
  .regex(/^\d{1,15}-\d{1,15}$/)
  .transform((text): Place => {
    const [at = '', id = ''] = text.split('-');
    return { at: new Date(Number(at)), id: Number(id) };
  });
