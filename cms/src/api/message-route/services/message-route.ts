import { service } from '../../../resource';

export default service('api::message-route.message-route');
