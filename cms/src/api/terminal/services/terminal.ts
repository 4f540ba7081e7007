import { service } from '../../../resource';

export default service('api::terminal.terminal');
