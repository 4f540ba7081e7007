import { service } from '../../../resource';

export default service('api::mixed-payment.mixed-payment');
