import { service } from '../../../resource';

export default service('api::daily-total.daily-total');
