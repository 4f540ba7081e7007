import type { PspWallet } from '@hospital-pay/wallets';

export const wallet: PspWallet = { method: 'rakutenpay', currency: 'JPY', zone: 'Asia/Tokyo' };
