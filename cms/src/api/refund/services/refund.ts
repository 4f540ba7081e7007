import { service } from '../../../resource';

export default service('api::refund.refund');
