import type { ChannelContext, PayerIdentity } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { WechatSettings } from './config';
import { exchange } from './http';

const answerSchema = z.object({
  openid: z.string().optional(),
  errcode: z.number().optional(),
  errmsg: z.string().optional(),
});

/**
 * Web authorization of an official account, silent (`snsapi_base`): the code that WeChat's browser brings back is
 * changed for the payer's openid. Source: 微信公众号 网页授权; not verified against the live service.
 */
export function payerIdentity(
  appid: string,
  { appSecret, authorizeUrl, identityUrl }: NonNullable<WechatSettings['payer']>,
  context: ChannelContext,
): PayerIdentity {
  return {
    authorizeUrl(returnUrl, state) {
      // The order of the parameters is WeChat's; it refuses another.
      const query = new URLSearchParams({
        appid,
        redirect_uri: returnUrl,
        response_type: 'code',
        scope: 'snsapi_base',
        state,
      });
      return `${authorizeUrl}?${query}#wechat_redirect`;
    },
    async identify(code) {
      const startedAt = context.now();
      const query = new URLSearchParams({ appid, secret: appSecret, code, grant_type: 'authorization_code' });
      const answer = await exchange({
        method: 'GET',
        url: `${identityUrl}?${query}`,
        headers: {},
        body: '',
        timeoutMs: context.timeoutMs,
        maxBytes: 64 * 1024,
      });
      const body = answer.kind === 'answer' ? readAnswer(answer.body) : undefined;
      const errorCode = answer.kind === 'answer' ? body?.errcode : answer.cause;
      // Secret, code, tokens and openid stay out of the log.
      context.record({
        method: 'identify_payer',
        url: identityUrl,
        request: JSON.stringify({ appid }),
        response: JSON.stringify({ identified: body?.openid !== undefined, errmsg: body?.errmsg }),
        startedAt,
        durationMs: context.now().getTime() - startedAt.getTime(),
        ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
        ...(errorCode ? { errorCode: String(errorCode) } : {}),
      });
      return body?.openid;
    },
  };
}

function readAnswer(body: Buffer): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
