import type { Bill } from './bill';
import { decimalText } from './money';
import type { WalletAnswer } from './wallets';

interface Sheet {
  onvalidatemerchant: (event: { validationURL: string }) => void;
  onpaymentauthorized: (event: { payment: { token: unknown } }) => void;
  oncancel: () => void;
  begin(): void;
  abort(): void;
  completeMerchantValidation(session: unknown): void;
  completePayment(result: { status: number }): void;
}
declare global {
  interface Window {
    ApplePaySession?: {
      new (version: number, request: object): Sheet;
      canMakePayments(): boolean;
      STATUS_SUCCESS: number;
      STATUS_FAILURE: number;
    };
  }
}

const countries: Record<string, string> = {
  CNY: 'CN',
  JPY: 'JP',
  TWD: 'TW',
  THB: 'TH',
  HKD: 'HK',
  USD: 'US',
};
/** Safari since iOS 11.1. */
const version = 3;

/** Whether this device has Apple Pay at all; it throws on a page without HTTPS. */
export function hasApplePay(): boolean {
  try {
    return window.ApplePaySession?.canMakePayments() === true;
  } catch {
    return false;
  }
}

/**
 * Shows the payment sheet; to be called within the tap itself, or Safari refuses. `server.pay` takes the token that the
 * device makes once its owner has agreed to exactly this amount.
 */
export function payWithApple(
  bill: Bill,
  server: { session(validationUrl: string): Promise<unknown>; pay(token: string): Promise<Bill> },
): Promise<WalletAnswer> {
  const Session = window.ApplePaySession;
  if (!Session) return Promise.resolve('failed');
  const sheet = new Session(version, {
    countryCode: countries[bill.currency],
    currencyCode: bill.currency,
    supportedNetworks: ['visa', 'masterCard', 'jcb', 'amex', 'chinaUnionPay'],
    merchantCapabilities: ['supports3DS'],
    total: { label: bill.hospital, amount: decimalText(bill.amountFen, bill.currency) },
  });
  return new Promise((resolve, reject) => {
    sheet.onvalidatemerchant = ({ validationURL }) =>
      void server.session(validationURL).then(
        (session) => sheet.completeMerchantValidation(session),
        (error) => {
          sheet.abort();
          reject(error);
        },
      );
    sheet.onpaymentauthorized = ({ payment }) =>
      void server.pay(JSON.stringify(payment.token)).then(
        ({ state }) => {
          // Only what is payable again was refused; of anything else the page tells what is known.
          const isRefused = state === 'payable';
          sheet.completePayment({ status: isRefused ? Session.STATUS_FAILURE : Session.STATUS_SUCCESS });
          resolve('done');
        },
        (error) => {
          sheet.completePayment({ status: Session.STATUS_FAILURE });
          reject(error);
        },
      );
    sheet.oncancel = () => resolve('cancelled');
    sheet.begin();
  });
}
