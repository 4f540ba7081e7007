import { randomBytes, X509Certificate } from 'node:crypto';
import type Koa from 'koa';
import type { GatewayWorld } from '../gateway';
import { appSecretOf, type WechatCredentials } from './credentials';
import { verifySha256 } from './signing';

/** WeChat's own browser: it tells pages who their visitor is, and opens the payment sheet over them. */
export interface WechatBrowser {
  /** False when the path is none of the browser's. */
  handle(ctx: Koa.Context, path: string): boolean;
}

const PAID = 'sandbox-paid';

export function createWechatBrowser(world: GatewayWorld<WechatCredentials>): WechatBrowser {
  /** A code is good once. */
  const visitors = new Map<string, string>();
  const openid = `o${randomBytes(18).toString('base64url').slice(0, 27)}`;

  function authorize(ctx: Koa.Context, query: URLSearchParams): void {
    const known = world.merchants().some(({ appid }) => appid === query.get('appid'));
    const target = query.get('redirect_uri') ?? '';
    if (!known || query.get('scope') !== 'snsapi_base' || !/^https?:\/\//.test(target)) {
      ctx.status = 400;
      ctx.body = 'redirect_uri 参数错误';
      return;
    }
    const code = randomBytes(16).toString('hex');
    visitors.set(code, openid);
    const back = new URL(target);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    ctx.redirect(back.href);
  }

  function accessToken(ctx: Koa.Context, query: URLSearchParams): void {
    const merchant = world.merchants().find(({ appid }) => appid === query.get('appid'));
    const code = query.get('code') ?? '';
    const visitor = visitors.get(code);
    if (merchant === undefined) ctx.body = { errcode: 40013, errmsg: 'invalid appid' };
    else if (query.get('secret') !== appSecretOf(merchant)) {
      ctx.body = { errcode: 40125, errmsg: 'invalid appsecret' };
    } else if (visitor === undefined) ctx.body = { errcode: 40029, errmsg: 'invalid code' };
    else {
      visitors.delete(code);
      ctx.body = {
        access_token: randomBytes(20).toString('hex'),
        expires_in: 7200,
        openid: visitor,
        scope: 'snsapi_base',
      };
    }
  }

  /** The parameters of getBrandWCPayRequest, as the page gave them: a sheet opens for a good signature only. */
  function sheet(ctx: Koa.Context, query: URLSearchParams): void {
    const given = (name: string) => query.get(name) ?? '';
    const merchants = world.merchants().filter(({ appid }) => appid === given('appId'));
    const text = `${given('appId')}\n${given('timeStamp')}\n${given('nonceStr')}\n${given('package')}\n`;
    const isSigned = merchants.some(({ merchantCertificate }) => {
      const key = new X509Certificate(merchantCertificate).publicKey.export({ type: 'spki', format: 'pem' });
      return verifySha256(text, given('paySign'), key.toString());
    });
    if (given('signType') !== 'RSA' || !isSigned) {
      ctx.status = 403;
      ctx.body = '支付验证签名失败';
      return;
    }
    const prepayId = given('package').replace(/^prepay_id=/, '');
    ctx.redirect(`${world.baseUrl()}/patient?qr=${encodeURIComponent(prepayId)}&sheet=1`);
  }

  function bridge(ctx: Koa.Context): void {
    ctx.type = 'text/javascript; charset=utf-8';
    ctx.body = bridgeScript(`${world.baseUrl()}/wechat/browser/sheet`);
  }

  return {
    handle(ctx, path) {
      const query = new URLSearchParams(ctx.querystring);
      if (ctx.method !== 'GET') return false;
      if (path === '/connect/oauth2/authorize') authorize(ctx, query);
      else if (path === '/sns/oauth2/access_token') accessToken(ctx, query);
      else if (path === '/browser/sheet') sheet(ctx, query);
      else if (path === '/browser/bridge.js') bridge(ctx);
      else return false;
      return true;
    },
  };
}

/** What WeChat's browser puts into every page. */
const bridgeScript = (sheetUrl: string): string => `(() => {
  window.WeixinJSBridge = {
    invoke(name, parameters, done) {
      if (name !== 'getBrandWCPayRequest') return done({ err_msg: name + ':fail' });
      const sheet = window.open(${JSON.stringify(sheetUrl)} + '?' + new URLSearchParams(parameters));
      let isDone = false;
      const finish = (result) => {
        if (isDone) return;
        isDone = true;
        clearInterval(timer);
        done({ err_msg: 'get_brand_wcpay_request:' + result });
      };
      const timer = setInterval(() => { if (!sheet || sheet.closed) finish('cancel'); }, 200);
      window.addEventListener('message', (event) => {
        if (event.source === sheet && event.data === '${PAID}') finish('ok');
      });
    },
  };
  document.dispatchEvent(new Event('WeixinJSBridgeReady'));
})();
`;
