import { editable } from '../../../resource';

export default editable('api::message-template.message-template');
