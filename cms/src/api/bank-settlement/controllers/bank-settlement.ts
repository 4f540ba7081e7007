import { controller } from '../../../resource';

export default controller('api::bank-settlement.bank-settlement');
