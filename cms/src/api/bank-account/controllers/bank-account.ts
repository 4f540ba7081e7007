import { controller } from '../../../resource';

export default controller('api::bank-account.bank-account');
