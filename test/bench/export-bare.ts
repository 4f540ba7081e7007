import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import ExcelJS from 'exceljs';
import { measure } from './export-measure';
import { bePart } from './processes';

type Line = (string | number)[];

/** The peers: eleven columns of a bare table, written as they come. */
function main(): void {
  const { BENCH_FOLDER = '', BENCH_ROWS = '' } = process.env;
  const db = new Database(path.join(BENCH_FOLDER, `bare-${process.pid}.db`));
  db.exec(
    `CREATE TABLE bare AS
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Number(BENCH_ROWS)})
     SELECT 1514764800000 + i * 1000 AS at, '20181018214233' || (1000000000 + i), '交易成功', '', '微信', '已支付',
       (100 + i % 90000) / 100.0, (100 + i % 90000) / 100.0, 0, 0, '门诊缴费-内科' FROM n`,
  );
  const select = db.prepare<[], Line>('SELECT * FROM bare ORDER BY rowid DESC').raw();
  const file = path.join(BENCH_FOLDER, `bare-${process.pid}`);

  async function csv(): Promise<number> {
    const out = fs.createWriteStream(file);
    let rows = 0;
    for (const line of select.iterate()) {
      rows += 1;
      if (!out.write(`${line.join(',')}\r\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'close');
    return rows;
  }

  async function xlsx(): Promise<number> {
    const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({ filename: file });
    const sheet = workbook.addWorksheet('bare');
    let rows = 0;
    for (const line of select.iterate()) {
      rows += 1;
      sheet.addRow(line).commit();
      if (rows % 1000 === 0) await setImmediate();
    }
    await workbook.commit();
    return rows;
  }

  bePart(
    {},
    (format) =>
      measure(async () => ({
        rows: await (format === 'csv' ? csv() : xlsx()),
        bytes: fs.statSync(file).size,
      })),
    async () => {
      db.close();
    },
  );
}

main();
