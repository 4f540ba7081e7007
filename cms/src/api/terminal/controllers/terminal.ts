import { controller } from '../../../resource';

export default controller('api::terminal.terminal');
