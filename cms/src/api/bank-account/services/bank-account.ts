import { service } from '../../../resource';

export default service('api::bank-account.bank-account');
