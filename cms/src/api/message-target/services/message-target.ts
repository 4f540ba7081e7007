import { service } from '../../../resource';

export default service('api::message-target.message-target');
