import { z } from 'zod';

/** A place in a log: rows are in the order of their moment, and of their number within it. */
export interface Place {
  at: Date;
  id: number;
}

export const writePlace = ({ at, id }: Place): string => `${at.getTime()}-${id}`;

export const place = z
  .string()
  .regex(/^\d{1,15}-\d{1,15}$/)
  .transform((text): Place => {
    const [at = '', id = ''] = text.split('-');
    return { at: new Date(Number(at)), id: Number(id) };
  });
