import { service } from '../../../resource';

export default service('api::bank-settlement.bank-settlement');
