import { service } from '../../../resource';

export default service('api::message-template.message-template');
