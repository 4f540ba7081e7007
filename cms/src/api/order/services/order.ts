import { service } from '../../../resource';

export default service('api::order.order');
