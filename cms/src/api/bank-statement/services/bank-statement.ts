import { service } from '../../../resource';

export default service('api::bank-statement.bank-statement');
