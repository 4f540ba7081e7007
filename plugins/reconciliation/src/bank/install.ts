import type { Clock } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import type { Reports } from '../export/report';
import { type Arrivals, createArrivals } from './arrivals';
import { arrivalsReport } from './arrivals-report';
import { createStatements, type Statements } from './statements';

/** What the bank should have been paid, against what it says. */
export interface Bank {
  arrivals: Arrivals;
  statements: Statements;
}

export function installBank(db: Knex, clock: Clock, reports: Reports): Bank {
  const arrivals = createArrivals(db, clock);
  reports.register(arrivalsReport(arrivals));
  return { arrivals, statements: createStatements(db, clock) };
}
