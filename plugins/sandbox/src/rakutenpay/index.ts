import { pspWallet } from '../psp/wallet';

export const rakutenpay = pspWallet('rakutenpay', '楽天ペイ', '#a30000');
