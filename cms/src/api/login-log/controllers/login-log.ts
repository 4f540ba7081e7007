import { logController } from '../../../resource';

export default logController('login-log');
