import { service } from '../../../resource';

export default service('api::bank-statement-line.bank-statement-line');
