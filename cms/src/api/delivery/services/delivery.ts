import { service } from '../../../resource';

export default service('api::delivery.delivery');
