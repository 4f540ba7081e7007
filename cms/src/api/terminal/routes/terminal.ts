import { editable } from '../../../resource';

export default editable('api::terminal.terminal');
