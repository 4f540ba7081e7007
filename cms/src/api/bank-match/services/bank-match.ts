import { service } from '../../../resource';

export default service('api::bank-match.bank-match');
