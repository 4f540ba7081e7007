import { service } from '../../../resource';

export default service('api::request-nonce.request-nonce');
