import * as z from 'zod/mini';

const errorSchema = z.object({
  error: z.object({ details: z.object({ code: z.string(), zh: z.string(), en: z.string() }) }),
});

/** Why a call came to nothing, in words a patient understands. `offline`: nobody answered. */
export interface Failure {
  code: string;
  zh: string;
  en: string;
  isOffline: boolean;
}

export class CallError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.code);
  }
}

const offline: Failure = {
  code: 'OFFLINE',
  zh: '网络不通，请检查网络后重试',
  en: 'No connection: check the network and try again',
  isOffline: true,
};
const trouble: Failure = {
  code: 'TROUBLE',
  zh: '系统繁忙，请稍后再试',
  en: 'The system is busy, try again in a moment',
  isOffline: false,
};

/** @throws CallError */
export async function call<Schema extends z.ZodMiniType>(
  path: string,
  schema: Schema,
  options: {
    method?: 'GET' | 'POST';
    body?: unknown;
    headers?: Record<string, string>;
    timeoutMs?: number;
  } = {},
): Promise<z.output<Schema>> {
  const { method = 'GET', body, headers = {}, timeoutMs = 30_000 } = options;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`/api${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      signal: limit.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answer = await response.json().catch(() => undefined);
  } catch {
    throw new CallError(offline);
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) {
    const told = errorSchema.safeParse(answer);
    throw new CallError(told.success ? { ...told.data.error.details, isOffline: false } : trouble);
  }
  const read = schema.safeParse(answer);
  if (!read.success) throw new CallError(trouble);
  return read.data;
}

export const failureOf = (error: unknown): Failure => (error instanceof CallError ? error.failure : trouble);
