import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { completeRow, isUniqueViolation, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { pieces, readRow } from '../rows';
import { type BankAccount, bankAccountRow } from './bank-rows';
import {
  guessMapping,
  type LineProblem,
  lineIdentities,
  missingColumns,
  readStatement,
  type StatementLine,
  type StatementMapping,
} from './statement';
import { readStatementTable } from './statement-file';

export interface StatementPreview {
  format: 'xlsx' | 'csv';
  encoding: string | null;
  /** The first lines as they stand in the file. */
  rows: string[][];
  mapping: StatementMapping | null;
  /** Where the mapping comes from. */
  origin: 'given' | 'saved' | 'guessed' | 'none';
  /** Columns that the mapping names and the header lacks. */
  missing: string[];
  lines: StatementLine[];
  problems: LineProblem[];
  lineCount: number;
  problemCount: number;
  creditFen: number;
  debitFen: number;
}

export interface ImportedStatement {
  importNo: string;
  lineCount: number;
  /** Lines that no earlier file had. */
  newCount: number;
  fromDate: string;
  toDate: string;
  /** The very same file was imported before: nothing was added. */
  repeated: boolean;
}

export interface Statements {
  /** Reads a file as an import would; writes nothing. @throws BANK_…, as `readStatementTable` */
  preview(
    bankAccountCode: string,
    bytes: Buffer,
    mapping: StatementMapping | undefined,
  ): Promise<StatementPreview>;
  /**
   * Keeps the lines of a file that are not known yet, all or none, and the mapping for the next file.
   * @throws BANK_COLUMNS, BANK_LINE with every line that cannot be read (the first fifty)
   */
  import(
    question: { bankAccountCode: string; by: string; mapping?: StatementMapping | undefined },
    file: { name: string; bytes: Buffer },
  ): Promise<ImportedStatement>;
  bankAccount(code: string): Promise<BankAccount>;
}

const previewRows = 30;
const toldProblems = 50;

const importRow = z.object({
  importNo: z.string(),
  lineCount: z.number(),
  newCount: z.number(),
  fromDate: z.string(),
  toDate: z.string(),
});

export function createStatements(db: Knex, clock: Clock): Statements {
  async function bankAccount(code: string): Promise<BankAccount> {
    const account = readRow(bankAccountRow, await db('bank_accounts').where({ code }).first());
    if (!account) throw fail('BANK_ACCOUNT_UNKNOWN', { bankAccountCode: code });
    return account;
  }

  const earlier = async (bankAccountCode: string, sha256: string) =>
    readRow(importRow, await db('bank_statements').where(toColumns(db, { bankAccountCode, sha256 })).first());

  return {
    bankAccount,

    async preview(bankAccountCode, bytes, given) {
      const account = await bankAccount(bankAccountCode);
      const table = await readStatementTable(bytes);
      const header = new Set(
        (table.rows[(account.mapping?.headerLine ?? 1) - 1] ?? []).map((cell) => cell.trim()),
      );
      const saved = account.mapping && header.has(account.mapping.date) ? account.mapping : undefined;
      const guessed = given ?? saved ?? guessMapping(table) ?? account.mapping ?? undefined;
      const shown = {
        format: table.format,
        encoding: table.encoding,
        rows: table.rows.slice(0, previewRows),
        mapping: guessed ?? null,
        origin: originOf(given, saved, guessed),
      };
      const nothing = { lines: [], problems: [], lineCount: 0, problemCount: 0, creditFen: 0, debitFen: 0 };
      if (!guessed) return { ...shown, ...nothing, missing: [] };
      const missing = missingColumns(table.rows[guessed.headerLine - 1] ?? [], guessed);
      if (missing.length > 0) return { ...shown, ...nothing, missing };
      const { lines, problems } = readStatement(table, guessed);
      return {
        ...shown,
        missing,
        lines: lines.slice(0, previewRows),
        problems: problems.slice(0, toldProblems),
        lineCount: lines.length,
        problemCount: problems.length,
        ...sumsOf(lines),
      };
    },

    async import({ bankAccountCode, by, mapping: given }, { name, bytes }) {
      const account = await bankAccount(bankAccountCode);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const before = await earlier(bankAccountCode, sha256);
      if (before) return { ...before, repeated: true };
      const table = await readStatementTable(bytes);
      const mapping = given ?? account.mapping ?? guessMapping(table);
      if (!mapping) throw fail('BANK_COLUMNS', { lineNo: 1, missing: [] });
      const { lines, problems } = readStatement(table, mapping);
      if (problems.length > 0) {
        const [first] = problems;
        throw fail('BANK_LINE', {
          ...first,
          problems: problems.slice(0, toldProblems),
          count: problems.length,
        });
      }
      if (lines.length === 0) throw fail('BANK_FILE_EMPTY');
      const days = lines.map(({ date }) => date).toSorted();
      const now = clock.now();
      const importNo = `B${days[0]?.replaceAll('-', '')}${randomBytes(5).toString('hex').toUpperCase()}`;
      const imported = {
        importNo,
        lineCount: lines.length,
        newCount: 0,
        fromDate: days[0] ?? '',
        toDate: days.at(-1) ?? '',
      };
      const identities = lineIdentities(lines);
      const { merchantCode } = account;
      try {
        await db.transaction(async (trx) => {
          const received = { bankAccountCode, merchantCode, fileName: name, sha256, bytes: bytes.length };
          const statement = { ...imported, ...received, ...sumsOf(lines), importedBy: by, importedAt: now };
          await trx('bank_statements').insert(completeRow(trx, statement, now));
          const owner = { bankAccountCode, merchantCode, importNo, status: 'open' };
          const rows = lines.map((line, place) =>
            completeRow(trx, { ...owner, ...line, identity: identities[place] }, now),
          );
          for (const piece of pieces(rows, 50)) {
            await trx('bank_statement_lines')
              .insert(piece)
              .onConflict(['bank_account_code', 'identity'])
              .ignore();
          }
          const [counted]: { count: number | string }[] = await trx('bank_statement_lines')
            .where({ import_no: importNo })
            .count({ count: '*' });
          imported.newCount = Number(counted?.count ?? 0);
          await trx('bank_statements')
            .where({ import_no: importNo })
            .update({ new_count: imported.newCount });
          await trx('bank_accounts')
            .where({ code: bankAccountCode })
            .update(toColumns(trx, { mapping, updatedAt: now }));
        });
      } catch (error) {
        const same = isUniqueViolation(error) ? await earlier(bankAccountCode, sha256) : undefined;
        if (!same) throw error;
        return { ...same, repeated: true };
      }
      return { ...imported, repeated: false };
    },
  };
}

function originOf(
  given: StatementMapping | undefined,
  saved: StatementMapping | undefined,
  used: StatementMapping | undefined,
): StatementPreview['origin'] {
  if (given) return 'given';
  if (saved) return 'saved';
  return used ? 'guessed' : 'none';
}

function sumsOf(lines: StatementLine[]): { creditFen: number; debitFen: number } {
  let creditFen = 0;
  let debitFen = 0;
  for (const { amountFen } of lines) {
    if (amountFen > 0) creditFen += amountFen;
    else debitFen -= amountFen;
  }
  return { creditFen, debitFen };
}
