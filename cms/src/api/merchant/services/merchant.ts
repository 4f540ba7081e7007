import { service } from '../../../resource';

export default service('api::merchant.merchant');
