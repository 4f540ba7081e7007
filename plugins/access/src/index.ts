import type { Core } from '@strapi/strapi';
import {
  type AccountRow,
  type Accounts,
  createAccounts,
  type NewAccount,
  type SignedInAccount,
} from './accounts';
import { type Administration, createAdministration } from './administration';
import { type Audit, type AuditRecord, createAudit } from './audit';
import type { ChainVerdict } from './chain';
import type { Clock } from './clock';
import { masksFor, typeFields } from './fields';
import { maskRow } from './masking';
import type { Query } from './query';
import { narrowedQuery } from './scope';
import { type AccountLock, createSessions, type Sessions } from './sessions';

export { verifyEntries } from './chain';
export { type Mask, maskCard, maskId, maskName, maskSubject } from './masking';
export { type Action, actions, builtInRoles, type Rule, type Subject } from './rules';
export type { AccountLock, AccountRow, Audit, AuditRecord, ChainVerdict, Clock, NewAccount, SignedInAccount };

/** What other rooms and the seeds use of this one. */
export interface Access {
  /** Replace `now` to turn the clock in a test. */
  clock: Clock;
  accounts: Accounts;
  sessions: Sessions;
  administration: Administration;
  audit: Audit;
  /** Creates the account with its password unless the name is taken already. */
  createAccount(account: NewAccount): Promise<void>;
  /** A row of this content type as this account may see it: patients masked unless it may unmask them. */
  mask<Row extends object>(type: string, row: Row, account: SignedInAccount): Row;
  /**
   * The `filters` and `sort` of a list of this content type as this account may ask them, kept to its merchants.
   * @throws QUERY_FORBIDDEN
   */
  narrow(type: string, query: Query, account: SignedInAccount): Promise<Query>;
}

const instances = new WeakMap<object, Access>();

export function access(strapi: Core.Strapi): Access {
  const instance = instances.get(strapi);
  if (instance === undefined) throw new Error('the access plugin is not registered');
  return instance;
}

export const audit = (strapi: Core.Strapi): Audit => access(strapi).audit;

/** Reads the whole audit trail and says where it was tampered with, if it was. */
export const verifyChain = (strapi: Core.Strapi): Promise<ChainVerdict> => access(strapi).audit.verifyChain();

export function install(strapi: Core.Strapi): Access {
  const clock: Clock = { now: () => new Date() };
  const accounts = createAccounts(strapi);
  const instance: Access = {
    clock,
    accounts,
    sessions: createSessions(strapi, accounts, clock),
    administration: createAdministration(strapi, accounts),
    audit: createAudit(strapi, clock),
    createAccount: (account) => accounts.create(account),
    mask: (type, row, account) => maskRow(row, masksFor(typeFields(strapi, type), account)),
    narrow: (type, query, account) => narrowedQuery(strapi, type, query, account),
  };
  instances.set(strapi, instance);
  return instance;
}
