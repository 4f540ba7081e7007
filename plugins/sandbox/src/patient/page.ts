import type Koa from 'koa';
import QRCode from 'qrcode';
import { chinaTime } from '../clock';
import { readBody } from '../exchange';
import { gatewayKinds, gatewayNames, isGateway } from '../gateways';
import type { Payment } from '../ledger';
import { amountText } from '../yuan';
import type { Patient } from './patient';

const titleOf = (gateway: string) => (isGateway(gateway) ? gatewayKinds[gateway].title : gateway);
const price = ({ gateway, amountFen }: Payment, amount = amountFen) =>
  amountText(amount, isGateway(gateway) ? gatewayKinds[gateway].currency : 'CNY');
const showsCodes = (name: string | null) =>
  name !== null && isGateway(name) && gatewayKinds[name].paymentCode !== undefined ? name : null;
const SHOWN = 30;

/** The patient's phone: server-rendered, no framework, usable with a thumb. */
export async function patientPage(ctx: Koa.Context, patient: Patient, prefix: string): Promise<void> {
  if (ctx.method === 'POST') return act(ctx, patient, prefix);
  const query = new URLSearchParams(ctx.querystring);
  const reference = query.get('qr') ?? query.get('order');
  ctx.type = 'text/html; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
  if (reference === null || reference.trim() === '') {
    ctx.body = home(patient, prefix, await codeCard(query));
    return;
  }
  const payment = scan(patient, reference);
  // A code that is an address and no payment opens in the phone's browser, as any wallet does.
  if (payment === null && /^https?:\/\//.test(reference.trim())) return ctx.redirect(reference.trim());
  ctx.status = payment === null ? 404 : 200;
  ctx.body =
    payment === null
      ? notFound(prefix)
      : order(payment, prefix, { wrong: query.get('wrong') !== null, from: fromOf(query) });
}

/** Where the payer came from: a shop's page to go back to, or a page that waits below this sheet. */
interface From {
  redirectUrl: string | null;
  isSheet: boolean;
}

function fromOf(query: URLSearchParams): From {
  const url = query.get('redirect_url');
  return { redirectUrl: url !== null && /^https?:\/\//.test(url) ? url : null, isSheet: query.has('sheet') };
}

function fromQuery({ redirectUrl, isSheet }: From): string {
  const back = redirectUrl === null ? '' : `&redirect_url=${encodeURIComponent(redirectUrl)}`;
  return isSheet ? `${back}&sheet=1` : back;
}

/** Tells the page below the sheet, and closes the sheet. */
export function sheetScript(ctx: Koa.Context): void {
  ctx.type = 'text/javascript; charset=utf-8';
  ctx.body = "window.opener?.postMessage('sandbox-paid', '*');\nwindow.close();\n";
}

async function act(ctx: Koa.Context, patient: Patient, prefix: string): Promise<void> {
  const form = new URLSearchParams((await readBody(ctx)).toString('utf8'));
  const action = form.get('action');
  const wallet = showsCodes(form.get('wallet'));
  ctx.status = 303;
  if (action === 'code' && wallet !== null) {
    ctx.redirect(`${prefix}/patient?wallet=${wallet}&code=${patient.issueCode(wallet)}`);
    return;
  }
  const reference = form.get('qr') ?? '';
  const back = `${prefix}/patient?qr=${encodeURIComponent(reference)}${fromQuery(fromOf(form))}`;
  if (patient.find(null, reference) === null) {
    ctx.redirect(back);
    return;
  }
  if (action === 'refuse') {
    patient.refuse(null, reference);
    ctx.redirect(back);
    return;
  }
  if (!/^\d{6}$/.test(form.get('password') ?? '')) {
    ctx.redirect(`${back}&wrong=1`);
    return;
  }
  // The page does not wait for the merchant's server; the wallet does not either.
  void patient.pay(null, reference);
  ctx.redirect(back);
}

function scan(patient: Patient, reference: string): Payment | null {
  try {
    return patient.scan(null, reference);
  } catch {
    return null;
  }
}

async function codeCard(query: URLSearchParams): Promise<string> {
  const code = query.get('code');
  const wallet = showsCodes(query.get('wallet'));
  if (code === null || wallet === null || !/^[0-9A-Za-z]{12,40}$/.test(code)) return '';
  const picture = await QRCode.toString(code, { type: 'svg', margin: 1, width: 180 });
  const groups = code.match(/.{1,4}/g)?.join(' ') ?? code;
  return `<section class="card code ${wallet}"><h2>${titleOf(wallet)}付款码</h2><div class="qr">${picture}</div>
<p class="digits" data-testid="payment-code">${code}</p><p class="hint">${groups}　仅限使用一次</p></section>`;
}

function home(patient: Patient, prefix: string, code: string): string {
  const waiting = patient.waiting();
  const rows = waiting
    .slice(0, SHOWN)
    .map((payment) => {
      const target = payment.payToken ?? payment.outTradeNo;
      return `<li><a href="${prefix}/patient?qr=${encodeURIComponent(target)}" data-testid="waiting-order">
<span class="tag ${payment.gateway}">${titleOf(payment.gateway)}</span><span class="what">${escapeHtml(payment.subject)}<small>${escapeHtml(payment.outTradeNo)}</small></span><b>${price(payment)}</b></a></li>`;
    })
    .join('');
  return page(
    '患者手机',
    `<h1>患者手机 <small>沙箱</small></h1>
<form method="get" action="${prefix}/patient" class="card"><label for="qr">扫描收款二维码</label>
<div class="row"><input id="qr" name="qr" placeholder="粘贴二维码内容或订单号" autocomplete="off"><button>打开</button></div></form>
<section class="card"><h2>出示付款码</h2><div class="row wallets">
${gatewayNames
  .filter((name) => showsCodes(name) !== null)
  .map(
    (wallet) =>
      `<form method="post" action="${prefix}/patient"><input type="hidden" name="action" value="code"><input type="hidden" name="wallet" value="${wallet}"><button class="${wallet}">${titleOf(wallet)}付款码</button></form>`,
  )
  .join('')}
</div></section>${code}
<section class="card"><h2>待支付 <small>${waiting.length}</small></h2>
${rows === '' ? '<p class="hint">没有等待支付的订单</p>' : `<ul>${rows}</ul>`}</section>`,
  );
}

function order(payment: Payment, prefix: string, { wrong, from }: { wrong: boolean; from: From }): string {
  const carried = [
    from.redirectUrl === null
      ? ''
      : `<input type="hidden" name="redirect_url" value="${escapeHtml(from.redirectUrl)}">`,
    from.isSheet ? '<input type="hidden" name="sheet" value="1">' : '',
  ].join('');
  const isDone = payment.state === 'paid';
  const home =
    from.redirectUrl === null
      ? ''
      : `<p><a class="button" href="${escapeHtml(from.redirectUrl)}">${isDone ? '完成' : '返回商家'}</a></p>`;
  const close = from.isSheet && isDone ? `<script src="${prefix}/patient/sheet.js"></script>` : '';
  const token = escapeHtml(payment.payToken ?? payment.outTradeNo);
  const open = payment.state === 'waiting' || payment.state === 'paying';
  const actions = open
    ? `<form method="post" action="${prefix}/patient" class="pay"><input type="hidden" name="qr" value="${token}">${carried}
<label for="password">支付密码（任意 6 位数字）</label>
<input id="password" name="password" type="password" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="off" autofocus ${wrong ? 'aria-invalid="true" aria-describedby="wrong"' : ''}>
${wrong ? '<p id="wrong" class="wrong" role="alert">请输入 6 位数字密码</p>' : ''}
<button name="action" value="pay" class="${payment.gateway}">确认支付 ${price(payment)}</button>
<button name="action" value="refuse" class="plain" formnovalidate>取消支付</button></form>`
    : '';
  return page(
    '确认付款',
    `<p><a href="${prefix}/patient">‹ 返回</a></p>
<section class="card order"><span class="tag ${payment.gateway}">${titleOf(payment.gateway)}</span>
<h1>${escapeHtml(payment.subject)}</h1><p class="amount" data-testid="amount">${price(payment)}</p>
<p class="state ${payment.state}" data-testid="state" role="status">${stateText(payment)}</p>
<dl><dt>商户订单号</dt><dd>${escapeHtml(payment.outTradeNo)}</dd><dt>下单时间</dt><dd>${chinaTime(payment.createdAt)}</dd>
${payment.paidAt === null ? '' : `<dt>支付时间</dt><dd>${chinaTime(payment.paidAt)}</dd><dt>交易号</dt><dd>${escapeHtml(payment.tradeNo)}</dd>`}</dl>${actions}${home}</section>${close}`,
  );
}

function notFound(prefix: string): string {
  return page(
    '没有这笔订单',
    `<section class="card"><h1>没有这笔订单</h1><p class="hint">二维码可能已经失效。</p><p><a href="${prefix}/patient">返回</a></p></section>`,
  );
}

function stateText(payment: Payment): string {
  if (payment.refundedFen > 0 && payment.paidAt !== null)
    return `已退款 ${price(payment, payment.refundedFen)}`;
  switch (payment.state) {
    case 'waiting':
      return '等待支付';
    case 'paying':
      return '等待输入密码';
    case 'paid':
      return '支付成功';
    case 'closed':
      return '订单已关闭';
    case 'reversed':
      return '订单已撤销';
    case 'failed':
      return '支付已取消';
    default: {
      const never: never = payment.state;
      return never;
    }
  }
}

const colours = gatewayNames
  .map((name) => `button.${name},.tag.${name}{background:${gatewayKinds[name].colour}}`)
  .join('');

function page(title: string, body: string): string {
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:440px;background:#f2f3f5;color:#1f2329;font:16px/1.5 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif}
h1{font-size:20px;margin:4px 0 12px}h2{font-size:16px;margin:0 0 10px}small{font-weight:400;color:#646a73;font-size:13px}
.card{background:#fff;border-radius:12px;padding:16px;margin:0 0 12px;box-shadow:0 1px 2px #0000000d}
.row{display:flex;gap:8px}.wallets{flex-wrap:wrap}.row form{flex:1}label{display:block;margin:0 0 6px;color:#646a73;font-size:14px}
input{flex:1;min-width:0;width:100%;height:44px;padding:0 12px;border:1px solid #c9cdd4;border-radius:8px;font:inherit}
button{width:100%;height:44px;border:0;border-radius:8px;background:#0958d9;color:#fff;font:inherit;cursor:pointer;white-space:nowrap}
.row>button{width:auto;padding:0 20px}button.plain{background:#fff;color:#4e5969;border:1px solid #c9cdd4;margin-top:8px}
ul{list-style:none;margin:0;padding:0}li a{display:flex;gap:8px;align-items:center;padding:10px 0;color:inherit;text-decoration:none;border-top:1px solid #f0f1f3}
.what{flex:1;min-width:0}.what small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.tag{font-size:12px;padding:2px 6px;border-radius:4px;color:#fff}
${colours}
.order{text-align:center}.amount{font-size:36px;font-weight:600;margin:0}.state{color:#646a73}.state.paid{color:#067a3e}
dl{display:grid;grid-template-columns:auto 1fr;gap:4px 12px;text-align:left;font-size:14px;border-top:1px solid #f0f1f3;padding-top:12px}dt{color:#646a73}dd{margin:0;overflow-wrap:anywhere;text-align:right}
.pay{text-align:left}.pay button{margin-top:12px}.code{text-align:center}.digits{font-size:20px;margin:8px 0 0;user-select:all}.hint{color:#646a73;font-size:14px}.wrong{color:#c9271d;margin:6px 0 0}a{color:#0958d9}a.button{display:block;text-align:center;line-height:44px;border:1px solid #c9cdd4;border-radius:8px;text-decoration:none}
</style></head><body>${body}</body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (character) =>
      ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character] ?? character,
  );
}
