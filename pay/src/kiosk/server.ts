import * as z from 'zod/mini';
import { billSchema } from '../bill';
import { call } from '../http';

const credentialsSchema = z.object({ code: z.string(), token: z.string() });
/** Which machine this is, and its proof; set once, kept on the machine. */
export type Credentials = z.output<typeof credentialsSchema>;

const storageKey = 'kiosk';

export function readCredentials(): Credentials | undefined {
  try {
    return credentialsSchema.safeParse(JSON.parse(localStorage.getItem(storageKey) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
export const keepCredentials = (credentials: Credentials): void =>
  localStorage.setItem(storageKey, JSON.stringify(credentials));

/** What a patient has come to pay. */
export type Flow = 'outpatient' | 'deposit';

const machineSchema = z.object({ code: z.string(), name: z.string(), hospital: z.string() });
export type Machine = z.output<typeof machineSchema>;

const owedSchema = z.object({
  patient: z.string(),
  bills: z.array(
    z.object({
      billNo: z.string(),
      subject: z.string(),
      department: z.nullable(z.string()),
      amountFen: z.number(),
    }),
  ),
});
/** What a card owes; the name masked, amounts in fen. */
export type Owed = z.output<typeof owedSchema>;

const shownSchema = z.extend(billSchema, { token: z.string() });
export type ShownBill = z.output<typeof shownSchema>;

/** What the platform lets this machine do. Every call throws CallError. */
export function serverFor({ code, token }: Credentials) {
  const headers = { authorization: `Bearer ${token}`, 'x-terminal': code };
  const post = <Schema extends z.ZodMiniType>(path: string, schema: Schema, body: unknown) =>
    call(`/kiosk${path}`, schema, { method: 'POST', body, headers });
  const path = (bill: string) => `/links/${encodeURIComponent(bill)}`;
  return {
    self: () => call('/kiosk', machineSchema, { headers }),
    bills: (cardNo: string) => post('/bills', owedSchema, { cardNo }),
    choose: (cardNo: string, billNo: string) => post('/links', shownSchema, { cardNo, billNo }),
    deposit: (cardNo: string, amountFen: number) => post('/deposits', shownSchema, { cardNo, amountFen }),
    read: (bill: string, waitMs = 0) =>
      call(`/kiosk${path(bill)}${waitMs ? `?wait=${waitMs}` : ''}`, shownSchema, { headers }),
    pay: (bill: string, authCode: string) => post(`${path(bill)}/payments`, shownSchema, { authCode }),
  };
}
export type Server = ReturnType<typeof serverFor>;
