import { service } from '../../../resource';

export default service('api::account.account');
