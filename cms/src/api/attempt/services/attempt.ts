import { service } from '../../../resource';

export default service('api::attempt.attempt');
