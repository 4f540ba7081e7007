import { editable } from '../../../resource';

export default editable('api::error-knowledge.error-knowledge');
