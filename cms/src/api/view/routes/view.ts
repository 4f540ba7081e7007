import { editable } from '../../../resource';

export default editable('api::view.view');
