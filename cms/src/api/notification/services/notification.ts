import { service } from '../../../resource';

export default service('api::notification.notification');
