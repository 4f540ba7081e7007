import { z } from 'zod';

const issue = z.object({
  field: z.string().optional(),
  path: z.string().optional(),
  message: z.string().optional(),
});
const fieldList = z.object({ fields: z.array(z.string()) });
const issueList = z.looseObject({ ...issue.shape, issues: z.array(issue).optional() });

/** Why a call did not work, in words for the person at the screen. Carries what Refine expects of an HttpError. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly [key: string]: unknown;
  constructor(
    readonly statusCode: number,
    readonly code: string,
    readonly zh: string,
    readonly en: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(zh);
  }

  /** No answer came: whether the server acted is not known. */
  get isUnanswered(): boolean {
    return (
      this.statusCode === 0 || this.statusCode === 502 || this.statusCode === 503 || this.statusCode === 504
    );
  }

  /** Which parts of the request were not accepted, as the server names them. */
  get issues(): string[] {
    const parsed = issueList.safeParse(this.details);
    if (!parsed.success) return [];
    const { issues, field, message } = parsed.data;
    const all = [...(issues ?? []), ...(field || message ? [{ field, path: undefined, message }] : [])];
    return all.map(({ field: name, path, message: text }) => [name || path, text].filter(Boolean).join(': '));
  }

  /** Fields of a form that were not accepted. */
  get fields(): string[] {
    return fieldList.safeParse(this.details).data?.fields ?? [];
  }

  text(language: string): string {
    return language.startsWith('zh') ? this.zh : this.en;
  }
}

const errorBody = z.object({
  error: z.object({
    status: z.number().optional(),
    name: z.string().optional(),
    message: z.string().optional(),
    details: z
      .looseObject({ code: z.string().optional(), zh: z.string().optional(), en: z.string().optional() })
      .optional()
      .catch(undefined),
  }),
});

const general: Record<number, { zh: string; en: string }> = {
  400: { zh: '请求内容有误', en: 'The request is not valid' },
  401: { zh: '登录已失效，请重新登录', en: 'Your session has ended. Please sign in again' },
  403: { zh: '没有权限', en: 'You are not allowed to do this' },
  404: { zh: '没有找到', en: 'Not found' },
  409: { zh: '与现有数据冲突', en: 'Conflicts with what is stored' },
  413: { zh: '内容过大', en: 'Too large' },
  429: { zh: '操作过于频繁，请稍后再试', en: 'Too many requests. Try again in a moment' },
};

export async function readFailure(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = errorBody.safeParse(body);
  const fallback = general[response.status] ?? {
    zh: '服务器出错，请稍后再试',
    en: 'Server error. Please try again',
  };
  if (!parsed.success)
    return new Failure(response.status, `HTTP_${response.status}`, fallback.zh, fallback.en);
  const { name, message, details } = parsed.data.error;
  return new Failure(
    response.status,
    details?.code ?? name ?? `HTTP_${response.status}`,
    details?.zh ?? fallback.zh,
    details?.en ?? message ?? fallback.en,
    details ?? {},
  );
}

export const unreachable = () =>
  new Failure(0, 'NETWORK', '无法连接服务器，请检查网络', 'The server cannot be reached. Check the network');

export const unreadable = (path: string) =>
  new Failure(
    200,
    'ANSWER_UNREADABLE',
    `服务器的回答无法识别（${path}）`,
    `The server's answer could not be read (${path})`,
  );

/** A channel's refusal that came inside a good answer. */
export const refusal = (
  error:
    | {
        code: string;
        zh?: string | null;
        en?: string | null;
        advice?: { zh: string; en: string } | null;
      }
    | null
    | undefined,
) =>
  new Failure(
    200,
    error?.code ?? 'FAILED',
    [error?.zh ?? '操作失败', error?.advice?.zh].filter(Boolean).join('。'),
    [error?.en ?? error?.zh ?? 'That did not work', error?.advice?.en].filter(Boolean).join('. '),
  );

export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(
    500,
    'UNEXPECTED',
    '出现意外错误',
    error instanceof Error ? error.message : 'Unexpected error',
  );
}
