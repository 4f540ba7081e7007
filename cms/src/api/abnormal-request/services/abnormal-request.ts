import { service } from '../../../resource';

export default service('api::abnormal-request.abnormal-request');
