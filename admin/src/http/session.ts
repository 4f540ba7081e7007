import { z } from 'zod';

/** The two tokens of this browser's session, shared by its tabs. */
const tokens = z.object({ accessToken: z.string(), refreshToken: z.string() });
export type Tokens = z.infer<typeof tokens>;

const key = 'hospital-pay.session';

export function readTokens(): Tokens | undefined {
  try {
    const parsed = tokens.safeParse(JSON.parse(localStorage.getItem(key) ?? 'null'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function writeTokens({ accessToken, refreshToken }: Tokens): void {
  localStorage.setItem(key, JSON.stringify({ accessToken, refreshToken }));
}

export function forgetTokens(): void {
  localStorage.removeItem(key);
}
