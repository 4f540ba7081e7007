import { service } from '../../../resource';

export default service('api::payment-link.payment-link');
