import { readOnly } from '../../../resource';

export default readOnly('api::login-log.login-log');
