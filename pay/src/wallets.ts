import type { PayerAction } from './bill';

/** How a wallet left the payment; whether money moved only the server knows. */
export type WalletAnswer = 'done' | 'cancelled' | 'failed' | 'left';

interface WeixinBridge {
  invoke(
    name: 'getBrandWCPayRequest',
    parameters: Record<string, string>,
    done: (answer: { err_msg: string }) => void,
  ): void;
}
interface AlipayBridge {
  call(
    name: 'tradePay',
    parameters: Record<string, string>,
    done: (answer: { resultCode: string }) => void,
  ): void;
}
declare global {
  interface Window {
    WeixinJSBridge?: WeixinBridge;
    AlipayJSBridge?: AlipayBridge;
  }
}

const patienceMs = 5000;

/** The bridges are put into the page some time after it has loaded. */
function bridge<Name extends 'WeixinJSBridge' | 'AlipayJSBridge'>(
  name: Name,
  ready: string,
): Promise<Window[Name]> {
  return new Promise((resolve) => {
    if (window[name]) return resolve(window[name]);
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener(ready, done);
      resolve(window[name]);
    };
    const timer = setTimeout(done, patienceMs);
    document.addEventListener(ready, done);
  });
}

/** Opens the wallet on the order. */
export async function openWallet(action: PayerAction): Promise<WalletAnswer> {
  switch (action.kind) {
    case 'redirect':
      window.location.assign(action.url);
      return 'left';
    case 'qr':
      return 'failed';
    case 'client':
      return 'tradeNO' in action.parameters ? payInAlipay(action.parameters) : payInWechat(action.parameters);
    default:
      return action satisfies never;
  }
}

async function payInWechat(parameters: Record<string, string>): Promise<WalletAnswer> {
  const weixin = await bridge('WeixinJSBridge', 'WeixinJSBridgeReady');
  if (!weixin) return 'failed';
  return new Promise((resolve) => {
    weixin.invoke('getBrandWCPayRequest', parameters, ({ err_msg }) => {
      if (err_msg.endsWith(':ok')) resolve('done');
      else resolve(err_msg.endsWith(':cancel') ? 'cancelled' : 'failed');
    });
  });
}

async function payInAlipay(parameters: Record<string, string>): Promise<WalletAnswer> {
  const alipay = await bridge('AlipayJSBridge', 'AlipayJSBridgeReady');
  if (!alipay) return 'failed';
  return new Promise((resolve) => {
    alipay.call('tradePay', parameters, ({ resultCode }) => {
      if (resultCode === '9000' || resultCode === '8000' || resultCode === '6004') resolve('done');
      else resolve(resultCode === '6001' ? 'cancelled' : 'failed');
    });
  });
}
