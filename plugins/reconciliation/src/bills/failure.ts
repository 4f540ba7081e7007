import { BillError } from '@hospital-pay/payments';
import { fail } from '../errors';

/** A bill that cannot be read, as it is told to whoever asked: its code, its line and what is wrong there. */
export function billFailure(error: unknown): never {
  if (!(error instanceof BillError)) throw error;
  const { code, lineNo = null, message } = error;
  throw fail(`BILL_${code}`, { lineNo, reason: message }, { cause: error });
}
