import { controller } from '../../../resource';

export default controller('api::login-log.login-log');
