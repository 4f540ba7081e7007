import { pspWallet } from '../psp/wallet';

export const dbarai = pspWallet('dbarai', 'd払い', '#9c0024');
