import { pspBillReader } from '@hospital-pay/wallets';
import { wallet } from './wallet';

export const openBill = pspBillReader(wallet);
