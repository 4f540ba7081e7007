import { service } from '../../../resource';

export default service('api::login-log.login-log');
