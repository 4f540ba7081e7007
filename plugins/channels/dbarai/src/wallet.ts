import type { PspWallet } from '@hospital-pay/wallets';

export const wallet: PspWallet = { method: 'dbarai', currency: 'JPY', zone: 'Asia/Tokyo' };
